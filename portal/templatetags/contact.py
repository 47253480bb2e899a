"""Phone numbers that can be tapped, and whose they are."""

import copy
import re
from urllib.parse import quote

import phonenumbers
from django import template

from company.models import InvoiceGroup, Profile

register = template.Library()


def _digits(number: str, country: str) -> str:
    """An international number's digits; of a national one, read as one of the country. Empty for other text."""
    number = number.partition("ext")[0].strip()
    if number.startswith("+"):
        digits = re.sub(r"[\s().-]", "", number[1:])
        return digits if re.fullmatch(r"\d{7,15}", digits) else ""
    try:
        parsed = phonenumbers.parse(number, country.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:]


@register.filter
def tel(number: str, country: str) -> str:
    """The `tel:` address of a phone number; empty for other text."""
    if re.fullmatch(r"[*#]?\d{3,6}", number):
        # A number that exists only inside the country or the ISP's network.
        return f"tel:{quote(number)}"
    digits = _digits(number, country)
    return f"tel:+{digits}" if digits else ""


@register.filter
def whatsapp(number: str, country: str) -> str:
    """The address that opens a WhatsApp conversation with a number; empty if it is not one."""
    digits = _digits(number, country)
    return f"https://wa.me/{digits}" if digits else ""


@register.simple_tag(takes_context=True)
def supplier(context: template.Context) -> Profile:
    """Name and contact as the reader shall see them: of the invoice group, where it fills them, else of the ISP.

    Before signing in nobody has a group. One query for a page.
    """
    request, brand = context["request"], context["brand"]
    if not hasattr(request, "supplier"):
        user = getattr(request, "portal_user", None)
        group = InvoiceGroup.objects.of(user.subscriber.group_id) if user else None
        request.supplier = _on_top(brand.profile, group)
    return request.supplier  # type: ignore[no-any-return]


def _on_top(profile: Profile, group: InvoiceGroup | None) -> Profile:
    """A profile in which the filled fields of a group stand instead of the ISP's."""
    shown = copy.copy(profile)
    for name in ("legal_name", "tax_id", "email", "phone", "website", "address"):
        if value := getattr(group, name, ""):
            setattr(shown, name, value)
    if group and group.legal_name:
        shown.display_name = group.legal_name
    return shown
