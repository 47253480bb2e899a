"""Phone numbers as an ISP writes them about itself, and as they are kept."""

import re

import phonenumbers
from django.utils.translation import gettext as _
from phonenumbers import PhoneNumberFormat

SHORT = re.compile(r"[*#]?\d{3,6}")
PUNCTUATION = re.compile(r"[\s().\-/]+")


class BadPhone(ValueError):
    """Not a phone number. The text tells the person what to write."""


def stored(text: str, *, country: str, may_be_short: bool = True) -> str:
    """A typed number in E.164, read as one of `country` unless it begins with +.

    Numbers that exist only inside the country, such as *611, stay as they are if `may_be_short`; an extension is kept
    behind the number. Raises BadPhone.
    """
    text = text.strip()
    if not text:
        return ""
    if may_be_short and SHORT.fullmatch(short := PUNCTUATION.sub("", text)):
        return short
    try:
        number = phonenumbers.parse(text, country.upper())
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise BadPhone(
            _("Please write the number with its area code, for example %(example)s.") % {"example": example(country)}
        )
    extension = f" ext. {number.extension}" if number.extension else ""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164).partition(";")[0] + extension


def example(country: str) -> str:
    """A number as people of the country write it."""
    number = phonenumbers.example_number(country.upper()) or phonenumbers.example_number("US")
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
