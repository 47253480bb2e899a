"""Numbers in what payers write: those that stand there, and those that were probably meant."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

SHORTEST_NEAR = 4  # digits; of fewer, nearly every number is near
LONGEST = 12
_DIGITS = re.compile(r"(?<!\d)\d{1,12}(?!\d)")
_WORD = re.compile(r"[^\s,;]+")
LARGEST_INT = 2**31 - 1


def digits_in(text: str) -> set[str]:
    """All whole numbers in a text, without leading zeros."""
    return {found.lstrip("0") for found in _DIGITS.findall(text)} - {""}


def key_of(number: str) -> str:
    """An invoice's number as it is compared: letters and digits alone."""
    return re.sub(r"[^0-9A-Z]", "", number.upper())


def keys_in(text: str) -> dict[str, str]:
    """What in a text can be an invoice's number, as it is compared, with how it stands there.

    Two words may be one number, as in `F 2026-17`.
    """
    words = _WORD.findall(text)
    pairs = [f"{one} {two}" for one, two in pairwise(words) if len(one) <= LONGEST]
    found = {key_of(word): word for word in [*pairs, *words]}
    return {key: word for key, word in found.items() if any(c.isdecimal() for c in key) and len(key) <= 40}


def ends_of(key: str) -> Iterator[int]:
    """The whole numbers with which it ends, as one of them may be the place in a series."""
    digits = re.search(r"\d+$", key)
    if not digits:
        return
    for length in range(1, min(len(digits[0]), 9) + 1):
        yield int(digits[0][-length:])


def near_numbers(number: str) -> set[int]:
    """The numbers that become this one by leaving a digit out, adding one, mistaking one or swapping two."""
    if not SHORTEST_NEAR <= len(number) <= 9:
        return set()
    found = set()
    for place in range(len(number) + 1):
        found |= {number[:place] + digit + number[place:] for digit in "0123456789"}
        if place < len(number):
            found.add(number[:place] + number[place + 1 :])
            found |= {number[:place] + digit + number[place + 1 :] for digit in "0123456789"}
        if place + 1 < len(number):
            found.add(number[:place] + number[place + 1] + number[place] + number[place + 2 :])
    ints = {int(each) for each in found if each and not each.startswith("0")}
    return {each for each in ints if 0 < each <= LARGEST_INT and str(each) != number}


def without_zeros(key: str) -> str:
    """For numbers whose zeros somebody left out: 2026-000123 as 2026-123."""
    return key.replace("0", "")


def is_near(one: str, two: str) -> bool:
    """Whether two keys differ by one digit left out, added or mistaken, or by two that are swapped."""
    if one == two or abs(len(one) - len(two)) > 1 or min(len(one), len(two)) < SHORTEST_NEAR:
        return False
    start = next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    if len(one) == len(two):
        if one[start + 1 :] == two[start + 1 :]:
            return True
        return one[start : start + 2] == two[start : start + 2][::-1] and one[start + 2 :] == two[start + 2 :]
    longer, shorter = (one, two) if len(one) > len(two) else (two, one)
    return longer[start + 1 :] == shorter[start:]


def shortened(key: str) -> set[str]:
    """The key, and all with one character less. Two keys that are near share one of these."""
    return {key, *(key[:place] + key[place + 1 :] for place in range(len(key)))}


def any_near(key: str, others: Iterable[str]) -> bool:
    return any(is_near(key, other) for other in others)
