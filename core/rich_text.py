"""Texts that people write in Markdown, as HTML that can do no harm: no scripts, no pictures, no styles."""

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable("image")
TAGS = {"p", "br", "strong", "em", "ul", "ol", "li", "a", "h2", "h3", "h4", "blockquote", "code", "pre", "hr"}
SCHEMES = {"https", "http", "mailto", "tel"}


def rich(text: str) -> SafeString:
    """Markdown as HTML."""
    html = nh3.clean(_markdown.render(text), tags=TAGS, attributes={"a": {"href"}}, url_schemes=SCHEMES)
    return mark_safe(html)  # noqa: S308 - cleaned just before
