"""What the texts in cells mean: dates, amounts, phones, names. Each reader raises BadValue."""

import ipaddress
import re
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from company.phones import BadPhone, example, stored
from core.folding import folded
from core.tabular.values import BadValue
from subscribers.models import USERNAME

_AMOUNT = re.compile(r"[^\d.,'()\-+]|(?<=\d)[ '](?=\d)")
LARGEST = Decimal("9999999999.99")


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
