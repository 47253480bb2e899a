"""What a column seems to hold, seen from all its cells, in memory that does not grow with their number."""

import ipaddress
import re
from typing import Any

from core.folding import folded
from core.tabular.values import date_parts, is_nothing

SAMPLES = 3
WORDS = 30  # different cells that are remembered, to tell a choice from a text
EMAIL = re.compile(r"[^@\s;,]+@[^@\s;,]+\.[^@\s;,]{2,}")
PHONE = re.compile(r"\+?[\d\s().\-/]{7,20}")
AMOUNT = re.compile(
    r"[-+(]?\s?(?:[$€£]|[A-Z]{2,3}\$?|Kč|S/\.?|Bs\.?)?\s?[-+]?\d[\d.,' ]*\)?-?\s?(?:[$€£]|[A-Z]{3}|Kč)?"
)
NUMBER = re.compile(r"\d{1,9}")
SPEED = re.compile(r"\d+(?:[.,]\d+)?\s?[kmg](?:bps|bit/s|b)?", re.I)


class Profile:
    """Gathers what the cells of one column look like."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.samples: list[str] = []
        self.filled = self.letters = 0
        self.shapes = dict.fromkeys(("email", "phone", "ip", "date", "amount", "number", "speed"), 0)
        self.words: dict[str, str] | None = {}
        self.day_first = self.month_first = self.year_first = 0
        self.points = {".": 0, ",": 0}  # cells in which it can only stand before decimals
        self.unsure = {".": 0, ",": 0}  # cells such as 1.234

    def look(self, cell: str) -> None:
        """Take one cell into account."""
        if is_nothing(cell):
            return
        self.filled += 1
        if len(self.samples) < SAMPLES and cell not in self.samples:
            self.samples.append(cell[:60])
        if self.words is not None:
            self.words.setdefault(folded(cell) or cell, cell[:60])
            if len(self.words) > WORDS:
                self.words = None
        if cell.isalpha():
            self.letters += 1
            return
        if "@" in cell:
            self.shapes["email"] += bool(EMAIL.fullmatch(cell))
            return
        if not any(c.isdecimal() for c in cell):
            self.letters += 1
            return
        self._look_at_digits(cell)

    def _look_at_digits(self, cell: str) -> None:
        shapes = self.shapes
        shapes["phone"] += bool(PHONE.fullmatch(cell)) and 7 <= sum(c.isdecimal() for c in cell) <= 15
        shapes["number"] += bool(NUMBER.fullmatch(cell))
        shapes["speed"] += bool(SPEED.fullmatch(cell))
        if cell.count(".") == 3 or ":" in cell:
            shapes["ip"] += _is_ip(cell)
        if AMOUNT.fullmatch(cell):
            shapes["amount"] += 1
            self._look_at_points(cell)
        if 6 <= len(cell) <= 40 and (parts := date_parts(cell)):
            one, two, _ = parts
            if one > 31:
                shapes["date"] += 1
                self.year_first += 1
            elif one <= 31 and two <= 31 and max(one, two) >= 1:
                shapes["date"] += 1
                self.day_first += one > 12
                self.month_first += two > 12

    def _look_at_points(self, cell: str) -> None:
        marks = [c for c in cell if c in ".,"]
        if not marks:
            return
        last = marks[-1]
        behind = len(re.sub(r"\D+$", "", re.split(r"[.,]", cell)[-1]))
        if len(set(marks)) == 2 or (len(marks) == 1 and behind != 3):
            self.points[last] += 1
        elif len(marks) > 1:
            self.points["," if last == "." else "."] += 1
        else:
            self.unsure[last] += 1

    def kept(self) -> dict[str, Any]:
        """What is stored of it."""
        return {
            "name": self.name,
            "samples": self.samples,
            "filled": self.filled,
            "letters": self.letters,
            "shapes": self.shapes,
            "words": sorted(self.words.values()) if self.words else [],
            "date_order": self._date_order(),
            "point": self._point(),
        }

    def _date_order(self) -> str:
        """dmy, mdy, or nothing where every date could be both."""
        if self.day_first or self.month_first:
            return "dmy" if self.day_first >= self.month_first else "mdy"
        return "ymd" if self.year_first and self.year_first == self.shapes["date"] else ""

    def _point(self) -> str:
        """What stands before the decimals, or nothing where 1.234 could be both."""
        if self.points["."] or self.points[","]:
            return "." if self.points["."] >= self.points[","] else ","
        return "" if self.unsure["."] or self.unsure[","] else "."


def _is_ip(cell: str) -> bool:
    try:
        ipaddress.ip_address(cell.strip().partition("/")[0])
    except ValueError:
        return False
    return True


def shape_of(column: dict[str, Any]) -> str:
    """The shape that most cells of a stored column have, or an empty text."""
    shapes, filled = column.get("shapes", {}), column.get("filled", 0)
    for shape in ("email", "ip", "date", "speed", "phone", "amount", "number"):
        if filled and shapes.get(shape, 0) >= 0.7 * filled:
            return shape
    return ""


def names(cells: list[str]) -> list[str]:
    """Titles of columns: an empty one is called after its letter, a doubled one is counted."""
    seen: dict[str, int] = {}
    found = []
    for place, cell in enumerate(cells):
        name = cell.strip()[:80] or letter(place)
        seen[folded(name)] = count = seen.get(folded(name), 0) + 1
        found.append(name if count == 1 else f"{name} ({count})")
    return found


def letter(place: int) -> str:
    """The letter that a spreadsheet gives a column: A, B, … AA."""
    text = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(65 + rest) + text
    return text


def looks_like_titles(cells: list[str]) -> bool:
    """Whether a first row holds titles rather than a customer: hardly any value among its cells."""
    filled = [cell for cell in cells if cell]
    profile = Profile("")
    for cell in filled:
        profile.look(cell)
    return sum(profile.shapes.values()) <= len(filled) // 10 and len(set(filled)) >= 0.6 * len(filled)
