"""Phone numbers that can be tapped."""

import re
from urllib.parse import quote

import phonenumbers
from django import template

register = template.Library()


def _parsed(number: str, country: str) -> phonenumbers.PhoneNumber | None:
    try:
        parsed = phonenumbers.parse(number, country.upper() or None)
    except phonenumbers.NumberParseException:
        return None
    return parsed if phonenumbers.is_possible_number(parsed) else None


@register.filter
def tel(number: str, country: str) -> str:
    """The `tel:` address of a phone number as the ISP wrote it, read as one of its country; empty for other text."""
    if re.fullmatch(r"[*#]?\d{3,6}", number):
        # A number that exists only inside the country or the ISP's network.
        return f"tel:{quote(number)}"
    parsed = _parsed(number, country)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.RFC3966) if parsed else ""


@register.filter
def whatsapp(number: str, country: str) -> str:
    """The address that opens a WhatsApp conversation with a number; empty if it is not one."""
    parsed = _parsed(number, country)
    if parsed is None:
        return ""
    digits = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
    return f"https://wa.me/{digits}"
