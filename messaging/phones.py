"""Phone numbers that are the same phone, though they are spelled differently."""

import re

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
# Countries whose mobiles were, and at some carriers still are, called with a digit behind the country's own.
EXTRA = {"+52": "1", "+54": "9"}
LENGTHS = {"+52": 13, "+54": 13}  # of a whole number without that digit


def spellings(number: str) -> list[str]:
    """A number in E.164 and the other way in which carriers write it, if there is one."""
    for code, digit in EXTRA.items():
        if number.startswith(code):
            if len(number) == LENGTHS[code]:
                return [number, f"{code}{digit}{number[len(code) :]}"]
            if len(number) == LENGTHS[code] + 1 and number[len(code)] == digit:
                return [number, f"{code}{number[len(code) + 1 :]}"]
    return [number]
