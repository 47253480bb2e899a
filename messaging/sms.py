"""What an SMS can carry: its alphabets, its segments, and the numbers that it can go to. Touches no database.

A segment holds 160 characters of the basic alphabet (GSM 03.38), or 70 of any other; a longer text is cut into
segments of 153 or 67, since each then says which one it is. Some characters of the basic alphabet count twice. One
character outside of it makes the whole text Unicode, which more than doubles what it costs.
"""

from dataclasses import dataclass

import phonenumbers
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from phonenumbers import PhoneNumberType

from company.phones import BadPhone, example, stored

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPE = "\x1b"
# Those that count twice: an escape, and a place in a second table.
EXTENSION = {"\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40}
EXTENSION["€"] = 0x65
ONES = frozenset(BASIC) - {ESCAPE}
PLACES = {char: place for place, char in enumerate(BASIC)}

GSM_ALONE, GSM_PART = 160, 153  # septets
UCS_ALONE, UCS_PART = 70, 67  # units of two bytes
MOST_SEGMENTS = 255  # what the header of a part can count

# What looks the same, or nearly so, and is in the basic alphabet.
TIDY = str.maketrans(
    {
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‘’‚‛′´`", "'"),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys(
            "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f", " "
        ),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0f", None),
        **dict.fromkeys("\u2028\u2029\u0085", "\n"),
        **dict.fromkeys("•·▪●◦", "-"),
        "…": "...",
        "\t": " ",
        "₤": "£",
    }
)
# Letters that lose their accent: the text stays readable, though it is no longer spelled right.
PLAIN = str.maketrans(
    {
        **dict(
            zip(
                "áíóúýâêîôûãõëïÁÍÓÚÝÂÊÎÔÛÃÕËÏÀÈÌÒÙçčďěňřšťůžČĎĚŇŘŠŤŮŽ",
                "aiouyaeiouaoeiAIOUYAEIOUAOEIAEIOUccdenrstuzCDENRSTUZ",
                strict=True,
            )
        ),
        "ª": "a",
        "º": "o",
        "°": "o",
        "œ": "oe",
        "Œ": "OE",
        "™": "(TM)",
        "®": "(R)",
        "©": "(C)",
    }
)


class Spelling(models.TextChoices):
    """What is done about characters that would make an SMS Unicode."""

    AS_IS = "as_is", gettext_lazy("leave the text as it is")
    TIDY = "tidy", gettext_lazy("replace typographic quotes, dashes and spaces")
    PLAIN = "plain", gettext_lazy("replace those, and take accents off where the basic alphabet lacks them")


@dataclass(frozen=True, slots=True)
class Count:
    """What a text comes to."""

    segments: int
    units: int  # characters as they are counted: some of the basic alphabet twice, emoji twice
    room: int  # units that fit in without another segment
    strange: tuple[str, ...]  # characters that make it Unicode, each once, in the order of the text

    @property
    def is_unicode(self) -> bool:
        return bool(self.strange)


def spelled(text: str, spelling: str) -> str:
    """A text with the look-alikes that an ISP wants in place of what costs more."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if spelling == Spelling.AS_IS:
        return text
    text = text.translate(TIDY)
    return text.translate(PLAIN) if spelling == Spelling.PLAIN else text


def instead(spelling: str) -> dict[str, str]:
    """What stands in place of which character, for a page that counts by itself."""
    tables = {Spelling.TIDY: [TIDY], Spelling.PLAIN: [TIDY, PLAIN]}.get(Spelling(spelling), [])
    return {chr(code): text or "" for table in tables for code, text in table.items()}


def strange(text: str) -> tuple[str, ...]:
    """The characters outside the basic alphabet, each once."""
    return tuple(dict.fromkeys(char for char in text if char not in ONES and char not in EXTENSION))


def parts(text: str) -> list[str]:
    """A text as the segments that it goes in. Nothing that counts twice is torn apart."""
    alone, part, size = (UCS_ALONE, UCS_PART, _units) if strange(text) else (GSM_ALONE, GSM_PART, _septets)
    if sum(map(size, text)) <= alone:
        return [text]
    found, filled, current = [], 0, []
    for char in text:
        if filled + size(char) > part:
            found.append("".join(current))
            filled, current = 0, []
        current.append(char)
        filled += size(char)
    return [*found, "".join(current)]


def count(text: str) -> Count:
    """Segments, and what of the text makes it Unicode."""
    odd = strange(text)
    size = _units if odd else _septets
    alone, part = (UCS_ALONE, UCS_PART) if odd else (GSM_ALONE, GSM_PART)
    found = parts(text)
    limit = alone if len(found) == 1 else part
    return Count(
        segments=len(found) if text else 0,
        units=sum(map(size, text)),
        room=limit - sum(map(size, found[-1])),
        strange=odd,
    )


def _septets(char: str) -> int:
    return 2 if char in EXTENSION else 1


def _units(char: str) -> int:
    return 2 if ord(char) > 0xFFFF else 1


def encoded(text: str) -> bytes:
    """A text in the basic alphabet, one byte for each septet. Raises ValueError for another character."""
    out = bytearray()
    for char in text:
        if char in EXTENSION:
            out += bytes((0x1B, EXTENSION[char]))
        elif char in ONES:
            out.append(PLACES[char])
        else:
            raise ValueError(char)
    return bytes(out)


def decoded(data: bytes) -> str:
    """The inverse of `encoded`; what stands in neither table becomes a space, as the standard has it."""
    second = {place: char for char, place in EXTENSION.items()}
    out, escaped = [], False
    for byte in data:
        if escaped:
            out.append(second.get(byte, " "))
            escaped = False
        elif byte == 0x1B:
            escaped = True
        else:
            out.append(BASIC[byte] if byte < len(BASIC) else " ")
    return "".join(out)


# Kinds of numbers that an SMS can reach; in many countries nobody can tell lines from mobiles.
REACHED = {
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.PERSONAL_NUMBER,
    PhoneNumberType.UNKNOWN,
}


def mobile(text: str, *, country: str, abroad: bool = True) -> str:
    """A typed number in E.164, if an SMS can reach it; read as one of `country` unless it begins with +.

    With `abroad` off, only numbers of `country` are taken: messages to far countries are what abusers are after.
    Raises BadPhone, with a sentence for the field.
    """
    number = stored(text, country=country, may_be_short=False)
    if not number:
        raise BadPhone(_("Please enter a phone number."))
    if " ext. " in number:
        raise BadPhone(_("An SMS cannot go to an extension. Please enter a mobile number."))
    parsed = phonenumbers.parse(number)
    where = phonenumbers.region_code_for_number(parsed)
    if not phonenumbers.is_valid_number(parsed):
        raise BadPhone(_("There is no such number. Write it like this: %(example)s.") % {"example": example(country)})
    if not abroad and where != country.upper():
        raise BadPhone(
            _("This is a number of another country. Write one like this: %(example)s.") % {"example": example(country)}
        )
    if phonenumbers.number_type(parsed) not in REACHED:
        raise BadPhone(_("This is not a mobile number, so it takes no SMS. Please enter a mobile number."))
    return number
