"""Mails as HTML: Markdown with values in it, in the look of the ISP.

Values are put in after the Markdown has become HTML, so that nothing in a name or a reason is read as Markdown, let
alone as HTML.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from company.models import Branding
from core.rich_text import rich
from core.templatetags.ui import ink_on, text_on
from domains.links import portal_url
from messaging.events.base import Event
from messaging.reader import Reader
from messaging.wording import Piece, fill, names_in

TAG = re.compile(r"<\s*(?:[!/?]|[a-zA-Z][a-zA-Z0-9-]*(?=[\s/>]))[^\n]{0,200}")
BAD_LINK = re.compile(r"\]\(\s*<?\s*(?:javascript|data|vbscript)\s*:", re.I)
_LINK = re.compile(r"(<a\b[^>]*>)(.*?)(</a>)", re.S)
_ALONE = re.compile(r"<p><a((?: [a-z]+=\"[^\"]*\")*>[^<]*</a>)</p>")
DARK = "#1d2632"  # of the sheet where people read on dark, as in emails/letter.html
WEB = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class Markup:
    """HTML where Markdown is meant."""

    line: int
    text: str


def markup_in(text: str) -> Markup | None:
    """The first place where a text has HTML, or a link to something else than a page; None if it has none."""
    for number, line in enumerate(text.split("\n"), start=1):
        if found := TAG.search(line) or BAD_LINK.search(line):
            return Markup(number, found.group()[:40])
    return None


def body_html(pieces: Sequence[Piece], values: Mapping[str, str], event: Event) -> SafeString:
    """A text in Markdown with its values, as HTML that can do no harm."""
    marks = marks_for(pieces)
    shown = {name: marks[name] if values[name] else "" for name in marks}
    html = str(rich(fill(pieces, shown)))
    parts, at = [], 0
    for link in _LINK.finditer(html):
        parts.append(_in_text(html[at : link.start()], marks, values, event, may_link=True))
        parts.append(_in_address(link[1], marks, values, event))
        parts.append(_in_text(link[2], marks, values, event, may_link=False) + link[3])
        at = link.end()
    parts.append(_in_text(html[at:], marks, values, event, may_link=True))
    return mark_safe("".join(parts))  # noqa: S308 - cleaned, and values are escaped


def marks_for(pieces: Sequence[Piece]) -> dict[str, str]:
    """What stands for each value until the Markdown has been read: no text can hold it by chance or on purpose."""
    return {name: f"v{secrets.token_hex(8)}v" for name in names_in(pieces)}


def _in_text(html: str, marks: Mapping[str, str], values: Mapping[str, str], event: Event, *, may_link: bool) -> str:
    for name, mark in marks.items():
        if mark not in html:
            continue
        shown = escape(values[name]).replace("\n", "<br>\n")
        if may_link and event.named[name].is_link and values[name].startswith(WEB):
            shown = f'<a href="{escape(values[name])}">{shown}</a>'
        html = html.replace(mark, shown)
    return html


def _in_address(tag: str, marks: Mapping[str, str], values: Mapping[str, str], event: Event) -> str:
    for name, mark in marks.items():
        is_whole = event.named[name].is_link and values[name].startswith(WEB) and f'href="{mark}"' in tag
        tag = tag.replace(mark, escape(values[name]) if is_whole else escape(quote(values[name], safe="")))
    return tag


def letter(*, body: SafeString, company: str, reader: Reader, subject: str, heading: str = "") -> str:
    """A whole mail as HTML, with logo or name above and how to reach the company below. A link that is a paragraph of
    its own is a button."""
    body = mark_safe(_ALONE.sub(r'<p><a class="button"\1</p>', body))  # noqa: S308 - a class more, nothing else
    branding = Branding.objects.select_related("logo").filter(pk=1).first() or Branding(pk=1)
    is_own = company == reader.company
    context = {
        "body": body,
        "heading": heading,
        "subject": subject,
        "company": company,
        "profile": reader.profile,
        "language": translation.get_language(),
        "colour": branding.colour,
        "text_colour": text_on(branding.colour),
        "link_colour": ink_on(branding.colour, "#ffffff"),
        "dark_link_colour": ink_on(branding.colour, DARK),
        "logo_url": logo_url(branding, reader) if is_own else "",
    }
    return render_to_string("emails/letter.html", context)


def logo_url(branding: Branding, reader: Reader) -> str:
    """Where mail programs find the company's logo: the same address for everybody, so it tells nobody who has read."""
    return portal_url(reader.isp, f"/logo/{branding.logo.uuid}/") if branding.logo else ""
