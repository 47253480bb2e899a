"""What the texts in cells mean. Each reader raises BadValue."""

import re
from datetime import date
from typing import Any

from core.folding import folded

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
