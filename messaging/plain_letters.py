"""Built-in mails as HTML: made out of their plain text, so that both say the same.

The text is ours, but values in it are what people typed. So only the links that the caller gave become a button,
nothing else becomes a link, and everything is escaped.
"""

import re
from collections.abc import Collection, Iterator
from itertools import groupby

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

ITEM = "- "
PAIR = re.compile(r"([^\s:][^:]{0,39}): (\S.*)")
FEWEST = 2  # lines such as “Date: 1 May” that make a table


def body_of(text: str, *, links: Collection[str], action: str, signature: Collection[str]) -> SafeString:
    """A plain text as the body of a letter. `action` stands on the button of a link, in place of its address;
    the lines of `signature` are left out, since they stand at the letter's end."""
    parts: list[SafeString] = []
    for block in re.split(r"\n{2,}", text.strip()):
        lines = [line.rstrip() for line in block.split("\n") if line.strip() not in signature]
        for kind, run in groupby(lines, key=lambda line: _kind(line, links)):
            parts += _shown(kind, list(run), action)
    return mark_safe("\n".join(parts))  # noqa: S308 - each part is escaped


def _kind(line: str, links: Collection[str]) -> str:
    if line.strip() in links:
        return "link"
    if line.startswith(ITEM):
        return "item"
    return "pair" if PAIR.fullmatch(line) else "text"


def _shown(kind: str, lines: list[str], action: str) -> Iterator[SafeString]:
    if kind == "link":
        yield from (button(line.strip(), action) for line in lines)
    elif kind == "item":
        items = format_html_join("", "<li>{}</li>", ((line.removeprefix(ITEM),) for line in lines))
        yield format_html("<ul>{}</ul>", items)
    elif kind == "pair" and len(lines) >= FEWEST:
        pairs = [found.groups() for line in lines if (found := PAIR.fullmatch(line))]
        rows = format_html_join("", '<tr><th scope="row">{}</th><td>{}</td></tr>', pairs)
        yield format_html('<table class="pairs" cellpadding="0" cellspacing="0" border="0">{}</table>', rows)
    elif any(lines):
        yield format_html("<p>{}</p>", format_html_join(mark_safe("<br>\n"), "{}", ((line,) for line in lines)))


def button(address: str, words: str) -> SafeString:
    """A link that can be hit with a thumb, and its address for where it cannot be opened."""
    return format_html(
        '<p><a class="button" href="{}">{}</a></p>\n<p class="small">{}<br>{}</p>',
        address,
        words or _("Open the page"),
        _("If the button does not work, open this address:"),
        address,
    )
