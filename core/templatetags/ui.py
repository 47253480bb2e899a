"""Small pieces of interface for templates: icons, money, phones, contrast."""

import functools
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import phonenumbers
import segno
from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency
from django import template
from django.conf import settings
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from core.rich_text import rich

register = template.Library()


@functools.lru_cache(maxsize=500)
def _icon_body(name: str) -> str:
    path = Path(settings.NODE_MODULES) / "@tabler" / "icons" / "icons" / "outline" / f"{name}.svg"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not path.exists():
        return ""
    text = re.sub(r"<!--.*?-->|\s+", " ", path.read_text(), flags=re.S)
    return text.partition("<svg")[2].partition(">")[2].removesuffix("</svg>").strip().removesuffix("</svg>")


@register.simple_tag
def icon(name: str, css: str = "icon") -> SafeString:
    """An outline icon of Tabler, hidden from screen readers: the text beside it speaks."""
    body = _icon_body(name)
    return mark_safe(  # noqa: S308 - the drawing comes from our own dependency
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{css}" width="24" height="24" viewBox="0 0 24 24" '
        f'stroke-width="2" stroke="currentColor" fill="none" stroke-linecap="round" stroke-linejoin="round" '
        f'aria-hidden="true">{body}</svg>'
    )


def reader_locale(country: str = "") -> Locale:
    """The reader's language with the ISP's country, such as es_MX: it decides how numbers and dates are written."""
    return _locale((translation.get_language() or "en").split("-")[0], country)


@functools.lru_cache(maxsize=512)
def _locale(language: str, country: str) -> Locale:
    """Babel compares a name with all that it knows each time, which a page of amounts would feel."""
    try:
        return Locale.parse(f"{language}_{country.upper()}") if country else Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return Locale.parse(language)


@register.simple_tag(takes_context=True)
def money(context: Any, amount: Decimal) -> str:
    """An amount in the ISP's currency, written as its country writes it."""
    isp = context.get("isp")
    if isp is None:
        return str(amount)
    return format_currency(amount, isp.currency, locale=reader_locale(isp.country))


@register.filter
def phone(value: str) -> str:
    """An E.164 number as people write it in its country."""
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return value
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@register.filter
def person(label: str) -> str:
    """Who somebody is without the address behind the name, as the audit log writes it: `Ana <ana@isp.example>`."""
    return label.partition(" <")[0]


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, 0 to 1, as WCAG 2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio of two colours, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@register.filter
def text_on(colour: str) -> str:
    """The text colour, near-black or white, that reads best on a background."""
    return "#ffffff" if contrast(colour, "#ffffff") >= contrast(colour, "#182433") else "#182433"


@register.filter
def ink_on(colour: str, background: str) -> str:
    """The tone nearest to a colour that reads as text on a background (contrast 4.5), as #rrggbb."""
    towards = 0 if luminance(background) > 0.18 else 255
    channels = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    for step in range(51):
        tone = "#" + "".join(f"{round(c + (towards - c) * step / 50):02x}" for c in channels)
        if contrast(tone, background) >= 4.5:
            break
    return tone


@register.filter
def markdown(text: str) -> SafeString:
    """A text that somebody wrote in Markdown, as harmless HTML."""
    return rich(text)


@register.filter
def lookup(mapping: Any, key: Any) -> Any:
    """`mapping[key]`, or an empty text."""
    return mapping.get(key, "")


@register.simple_tag
def status_badge(text: str, colour: str) -> SafeString:
    """A state with its colour; the text carries the meaning, the colour only helps."""
    return format_html('<span class="badge bg-{}-lt">{}</span>', colour, text)


@register.simple_tag
def qr_code(text: str, label: str) -> SafeString:
    """A QR code as an inline drawing, dark on light in both themes, since many cameras read no other. `label` is read
    out by screen readers."""
    code = segno.make(text, error="m", micro=False)
    drawing = code.svg_inline(dark="#000", light="#fff", border=3, omitsize=True, svgclass="qr", lineclass=None)
    return format_html(
        '<span class="qr-code" role="img" aria-label="{}">{}</span>',
        label,
        mark_safe(drawing),  # noqa: S308 - drawn by our own dependency, which escapes what it shows
    )
