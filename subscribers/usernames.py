"""User names by the ISP's rule."""

import re
import unicodedata
from collections.abc import Collection
from string import Formatter

from subscribers.models import LoginRules, Subscriber

HOLES = {"number", "first", "last"}
LONGEST = 60


class BadPattern(ValueError):
    """A pattern that makes no user name: an unknown hole, or characters that no user name may have."""


def check_pattern(pattern: str) -> None:
    """Raise BadPattern unless every subscriber would get a user name of its own kind from it."""
    try:
        parts = list(Formatter().parse(pattern))
    except ValueError as error:
        raise BadPattern from error
    holes = {name for _, name, _, _ in parts if name is not None}
    plain = "".join(text for text, _, _, _ in parts)
    if not holes or holes - HOLES or any(spec or conversion for _, _, spec, conversion in parts):
        raise BadPattern
    if re.search(r"[^A-Za-z0-9._-]", plain):
        raise BadPattern


def by_rule(rules: LoginRules, subscriber: Subscriber) -> str:
    """The user name that the rule makes for a subscriber, whether or not it is taken."""
    if rules.naming == LoginRules.Naming.NAME:
        return from_words(f"{subscriber.first_name.split(' ')[0]}.{subscriber.last_name.split(' ')[0]}")
    if rules.naming == LoginRules.Naming.CUSTOM:
        first, last = plain(subscriber.first_name.split(" ")[0]), plain(subscriber.last_name.split(" ")[0])
        return from_words(rules.pattern.format(number=subscriber.number, first=first, last=last))
    return from_words(str(subscriber.number).zfill(3))


def plain(text: str) -> str:
    """Lower-case ASCII letters, digits, dots, hyphens and underscores of a text."""
    decomposed = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss").replace("ł", "l").replace("ø", "o"))
    return re.sub(r"[^a-z0-9._-]", "", decomposed.encode("ascii", "ignore").decode())


def from_words(text: str) -> str:
    """A text as a user name: in its letters, neither too short nor too long."""
    name = re.sub(r"\.{2,}", ".", plain(text)).strip(".-_")[: LONGEST - 6]
    return name if len(name) >= 3 else f"user{name}"


def free(wanted: str, taken: Collection[str]) -> str:
    """The wanted name, or the first of name2, name3 … that is not among `taken`, which are in lower case."""
    name, n = wanted, 1
    while name.lower() in taken:
        n += 1
        name = f"{wanted}{n}" if not wanted[-1:].isdigit() else f"{wanted}-{n}"
    return name
