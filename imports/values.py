"""What the texts in cells mean: dates, amounts, phones, names. Each reader raises BadValue."""

import ipaddress
import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from company.phones import BadPhone, example, stored
from imports.folding import folded
from subscribers.models import USERNAME

MONTHS = {
    word: number
    for number, words in enumerate(
        [
            "jan ene january enero janeiro leden ledna",
            "feb fev february febrero fevereiro unor unora",
            "mar march marzo marco brezen brezna",
            "apr abr april abril duben dubna",
            "may mai mayo maio kveten kvetna",
            "jun june junio junho cerven cervna",
            "jul july julio julho cervenec cervence",
            "aug ago august agosto srpen srpna",
            "sep set sept september septiembre setiembre setembro zari",
            "oct out october octubre outubro rijen rijna",
            "nov november noviembre novembro listopad listopadu",
            "dec dic dez december diciembre dezembro prosinec prosince",
        ],
        start=1,
    )
    for word in words.split()
}
NOTHING = {"", "-", "--", "–", "—", "n/a", "na", "null", "none", "s/n", "sin dato", "0000-00-00", "ninguno", "ninguna"}
_DATE = re.compile(r"(\d{1,2}|\d{4})([./\- ]) ?(\d{1,2})\2 ?(\d{4}|\d{2})(?:[T ,].*)?")
_NAMED = re.compile(r"(\d{1,2}|\d{4})[./\- ] ?([^\W\d_]{3,12})\.?[./\- ] ?(\d{4}|\d{2})(?:[T ,].*)?")
_NAMED_FIRST = re.compile(r"([^\W\d_]{3,12})\.? (\d{1,2}),? (\d{4})(?:[T ,].*)?")
_AMOUNT = re.compile(r"[^\d.,'()\-+]|(?<=\d)[ '](?=\d)")
LARGEST = Decimal("9999999999.99")
EARLIEST = date(1970, 1, 1)


class BadValue(ValueError):
    """A text that is no such value. Carries the code of a problem and its details."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code, self.details = code, details


def is_nothing(text: str) -> bool:
    """Whether a cell holds only a sign that there is nothing."""
    return text.strip().casefold() in NOTHING


def date_parts(text: str) -> tuple[int, int, int] | None:
    """The three numbers of a date as they stand, a month's name as its number; None if it is none."""
    text = text.strip().replace(" de ", " ")
    if found := _NAMED_FIRST.fullmatch(text):
        month = MONTHS.get(folded(found[1]))
        return (int(found[3]), month, int(found[2])) if month else None
    if found := _NAMED.fullmatch(text):
        month = MONTHS.get(folded(found[2]))
        if month is None:
            return None
        # A name says itself which one is the month.
        is_year = len(found[1]) == 4
        return (int(found[1]), month, int(found[3])) if is_year else (_year(found[3]), month, int(found[1]))
    found = _DATE.fullmatch(text)
    if not found or len(found[1]) == len(found[4]) == 4:
        return None
    return int(found[1]), int(found[3]), int(found[4]) if len(found[1]) == 4 else _year(found[4])


def _year(text: str) -> int:
    year = int(text)
    return year if len(text) > 2 else year + (2000 if year < 70 else 1900)


def read_date(text: str, *, order: str, today: date, may_be_later: bool = False) -> date:
    """A date whose numbers stand as `order` says: dmy or mdy. One that begins with the year is plain."""
    shown = text[:40]
    form = {"dmy": "d/m/y", "mdy": "m/d/y"}.get(order, "y-m-d")
    parts = date_parts(text)
    if parts is None:
        raise BadValue("bad_date", value=shown, form=form)
    one, two, three = parts
    year, month, day = (one, two, three) if one > 31 else (three, two, one) if order != "mdy" else (three, one, two)
    try:
        found = date(year, month, day)
    except ValueError as error:
        raise BadValue("bad_date", value=shown, form=form) from error
    if found < EARLIEST:
        raise BadValue("old_date", value=shown)
    if found > today and not may_be_later:
        raise BadValue("future_date", value=shown)
    return found


def read_amount(text: str, *, point: str) -> Decimal:
    """An amount of money with two decimals. `point` is what stands before its decimals: . or ,"""
    bare = _AMOUNT.sub("", text)
    sign = -1 if bare.startswith(("-", "(")) or bare.endswith("-") else 1
    bare = bare.strip("()+-").replace("'", "")
    bare = bare.replace("." if point == "," else ",", "").replace(point, ".")
    try:
        amount = (sign * Decimal(bare)).quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise BadValue("bad_amount", value=text[:40]) from error
    if abs(amount) > LARGEST:
        raise BadValue("large_amount", value=text[:40])
    return amount


def read_number(text: str) -> int:
    """A subscriber's or a service's number; zeros before it and a prefix such as C- do not count."""
    found = re.fullmatch(r"(?:[A-Za-z#]{0,4}[-_ ]?)?0*([1-9]\d{0,8})(?:\.0+)?", text.strip())
    if not found:
        raise BadValue("bad_number", value=text[:40])
    return int(found[1])


def read_email(text: str) -> str:
    """The first address of a cell."""
    address = re.split(r"[;,\s]+", text.strip().removeprefix("mailto:"))[0]
    try:
        validate_email(address)
    except ValidationError as error:
        raise BadValue("bad_email", value=text[:80]) from error
    if len(address) > 254:
        raise BadValue("too_long", most=254)
    return address


def read_phones(text: str, *, country: str) -> list[str]:
    """The numbers of a cell in E.164, at most two."""
    found = []
    for part in re.split(r"[;,/|]| y | e | o |\n", text.strip()):
        if not part.strip():
            continue
        try:
            number = stored(re.sub(r"\.0$", "", part), country=country, may_be_short=False)
        except BadPhone as error:
            raise BadValue("bad_phone", value=text[:40], example=example(country)) from error
        if len(number) > 20:
            raise BadValue("bad_phone", value=text[:40], example=example(country))
        found.append(number)
    return found[:2]


def read_ip(text: str) -> str:
    """An IP address; a prefix length behind it is dropped."""
    try:
        return str(ipaddress.ip_address(text.strip().partition("/")[0]))
    except ValueError as error:
        raise BadValue("bad_ip", value=text[:60]) from error


def read_login(text: str) -> str:
    """A user name; what another system added behind an @ is dropped."""
    name = text.strip().partition("@")[0]
    if not re.fullmatch(USERNAME, name):
        raise BadValue("bad_login", value=text[:60])
    return name


def read_speed(text: str) -> int:
    """Mbit/s: 100, 100M, 100 Mbps, 102400k, 1 Gbps."""
    found = re.fullmatch(r"(\d+(?:[.,]\d+)?)\s*([kmg]?)[a-z/]*", text.strip().casefold())
    if not found:
        raise BadValue("bad_speed", value=text[:40])
    speed = Decimal(found[1].replace(",", "."))
    factor = {"k": Decimal(1) / 1000, "g": Decimal(1000)}.get(found[2], Decimal(1))
    if not found[2] and speed >= 100_000:  # kbit/s, as some systems write it
        factor = Decimal(1) / 1000
    result = int((speed * factor).to_integral_value())
    if not 0 < result <= 1_000_000:
        raise BadValue("bad_speed", value=text[:40])
    return result


COMPANY = {"company", "empresa", "business", "juridica", "persona juridica", "moral", "persona moral", "firma",
           "spolecnost", "organizacion", "pessoa juridica", "corporativo", "2"}  # fmt: skip
PERSON = {"person", "persona", "residential", "residencial", "natural", "fisica", "persona fisica", "persona natural",
          "osoba", "individual", "private", "hogar", "pessoa fisica", "home", "1"}  # fmt: skip


def read_kind(text: str) -> str:
    """person or company."""
    word = folded(text)
    if word in COMPANY:
        return "company"
    if word in PERSON:
        return "person"
    raise BadValue("bad_kind", value=text[:40])


_PARTICLES = {"de", "del", "la", "las", "los", "el", "y", "da", "do", "dos", "das", "van", "von", "der", "di", "e"}


def split_name(text: str, *, order: str, surnames: int) -> tuple[str, str]:
    """First name and surname of a whole name.

    `order` is first (María López), last (López María) or auto, which takes a comma as the end of the surname.
    `surnames` is how many surnames people of the country have.
    """
    if "," in text:
        last, _, first = text.partition(",")
        return first.strip()[:80], last.strip()[:80]
    words: list[str] = []
    for word in text.split():
        # “de la Cruz” is one surname.
        if words and words[-1].split()[-1].casefold() in _PARTICLES:
            words[-1] += f" {word}"
        else:
            words.append(word)
    if len(words) < 2:
        return text.strip()[:80], ""
    count = min(surnames, max(1, len(words) - 1)) if len(words) != 3 or surnames == 1 else 2
    if len(words) == 2:
        count = 1
    if order == "last":
        return " ".join(words[count:])[:80], " ".join(words[:count])[:80]
    return " ".join(words[:-count])[:80], " ".join(words[-count:])[:80]
