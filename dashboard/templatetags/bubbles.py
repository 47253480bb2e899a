"""How WhatsApp shows a text."""

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from messaging.chat_marks import MARKS

register = template.Library()


@register.filter
def chat(text: str) -> SafeString:
    """Bold, italic, struck and fixed as WhatsApp marks them; all else as it stands."""
    html = escape(text)
    for mark, tag in MARKS:
        html = mark.sub(rf"<{tag}>\1</{tag}>", html)
    return mark_safe(html.replace("\n", "<br>"))  # noqa: S308 - escaped above
