"""What a statement says, whatever its format: its movements, and how they are read from days and amounts."""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from payments.statements.refusals import BadStatement

LARGEST = Decimal("999999999999.99")
EARLIEST = date(2000, 1, 1)
LATER = timedelta(days=7)  # a bank may book on the next working day
MOST = 200_000  # movements in a file
TEXT, NAME, SHORT = 1000, 140, 60  # characters that are kept
_SIGNS = r"(?:[A-Z]{1,3}\$?|Kč|S/\.?|[$€£¥])?"
_THIN = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "’": "'", "−": "-"})


@dataclass(frozen=True, slots=True)
class Rules:
    """What a reader has to know about whose statement it is."""

    country: str
    currency: str
    today: date


@dataclass(frozen=True, slots=True)
class Line:
    """One movement on an account."""

    number: int  # from 1, in the order of the file
    booked_on: date
    amount: Decimal  # more than zero: money came in
    currency: str
    value_on: date | None = None
    name: str = ""  # of the other side
    account: str = ""  # of the other side
    reference: str = ""  # what was typed for us to find it: a variable symbol, a reference of a creditor
    text: str = ""
    bank_id: str = ""  # the bank's own name for the movement


@dataclass(slots=True)
class Sheet:
    """One statement in a file: most have one, some one for each day."""

    account: str = ""
    currency: str = ""
    opening: Decimal | None = None
    closing: Decimal | None = None
    opened_on: date | None = None
    closed_on: date | None = None
    moved: Decimal = Decimal(0)
    count: int = 0

    def check(self) -> None:
        """Raise BadStatement unless the movements lead from the balance before to the one after."""
        if self.opening is None or self.closing is None:
            raise BadStatement("no_balance")
        if (missing := self.closing - self.opening - self.moved) != 0:
            raise BadStatement("wrong_sum", opening=self.opening, closing=self.closing, missing=missing)


@dataclass(slots=True)
class Summary:
    """What a whole file says about its account. Filled while the lines are taken, right once they are at an end."""

    account: str = ""
    currency: str = ""
    opening: Decimal | None = None
    closing: Decimal | None = None
    begins: date | None = None
    ends: date | None = None
    count: int = 0
    moved: Decimal = Decimal(0)
    passed_over: int = 0  # movements without money, and those that are not booked yet
    sheets: list[Sheet] = field(default_factory=list)

    def take(self, line: Line) -> Line:
        """Count a movement. Raises BadStatement."""
        self.count += 1
        if self.count > MOST:
            raise BadStatement("too_many_lines", most=MOST)
        self.moved += line.amount
        self.begins = min(self.begins or line.booked_on, line.booked_on)
        self.ends = max(self.ends or line.booked_on, line.booked_on)
        return line

    def belongs_to(self, account: str, currency: str) -> None:
        """Note whose statement it is. Raises BadStatement where another one was noted before."""
        if not account:
            raise BadStatement("no_account")
        if self.account and self.account != account:
            raise BadStatement("two_accounts", one=self.account, two=account)
        self.account = account
        self.currency = self.currency or currency

    def close(self, sheet: Sheet) -> None:
        """End one statement of the file. Raises BadStatement."""
        sheet.check()
        self.sheets.append(sheet)

    def finish(self) -> None:
        """End the file: its statements follow one another. Raises BadStatement."""
        if not self.count:
            raise BadStatement("no_lines")
        # Some banks put the newest first.
        rows = sorted(self.sheets, key=lambda each: each.closed_on or date.min)
        for one, two in pairwise(rows):
            if one.closing != two.opening and _in_a_row(rows) is None:
                raise BadStatement("gap", one=one.closed_on, two=two.closed_on)
        if rows:
            rows = _in_a_row(rows) or rows
            self.opening, self.closing = rows[0].opening, rows[-1].closing


def _in_a_row(sheets: list[Sheet]) -> list[Sheet] | None:
    """The statements in an order in which each begins with what the one before ended with: several of one day."""
    for order in (sheets, sheets[::-1], sorted(sheets, key=lambda each: each.opened_on or date.min)):
        if all(one.closing == two.opening for one, two in pairwise(order)):
            return order
    return None


def account_key(text: str) -> str:
    """An account's number as it is compared: without spaces, in capitals."""
    return re.sub(r"[^0-9A-Z/\-]", "", text.upper())[:SHORT]


def clean(text: str, most: int) -> str:
    """A text of a stranger in one line: single spaces, nothing that is not printed."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:most]


def checked_day(day: date, *, line: int, rules: Rules) -> date:
    """A day on which a bank may have booked. Raises BadStatement."""
    if day < EARLIEST:
        raise BadStatement("old_date", line=line, value=day.isoformat())
    if day > rules.today + LATER:
        raise BadStatement("future_date", line=line, value=day.isoformat())
    return day


def plain_amount(text: str, *, line: int) -> Decimal:
    """An amount as the formats of banks write it: digits, a point or comma, at most two decimals, no sign."""
    bare = text.strip()
    if not re.fullmatch(r"(?:\d{1,18}(?:[.,]\d{0,5})?|[.,]\d{1,5})", bare, re.ASCII):
        raise BadStatement("bad_amount", line=line, value=text[:40])
    return _bounded(bare.replace(",", "."), text, line)


def typed_amount(text: str, *, point: str, line: int) -> Decimal:
    """An amount as people and spreadsheets write it, with a sign, groups of three, a currency before or behind.

    Strict on purpose: what is read wrongly here is booked wrongly later. Raises BadStatement.
    """
    bare = text.translate(_THIN).strip()
    group = r"[ ']|," if point == "." else r"[ ']|\."
    number = rf"(?:\d{{1,3}}(?:(?:{group})\d{{3}})+|\d+)(?:\{point}\d{{1,2}})?|\{point}\d{{1,2}}"
    before = rf"(?P<open>\()?(?P<one>[+-])?\s?{_SIGNS}\s?(?P<two>[+-])?\s?"
    found = re.fullmatch(rf"{before}(?P<n>{number})\s?{_SIGNS}(?P<three>[+-])?(?P<end>\))?", bare, re.ASCII)
    if not found or bool(found["open"]) != bool(found["end"]):
        raise BadStatement("bad_amount", line=line, value=text[:40])
    signs = [found[name] for name in ("one", "two", "three") if found[name]]
    if len(signs) + bool(found["open"]) > 1:
        raise BadStatement("bad_amount", line=line, value=text[:40])
    digits = re.sub(rf"[^\d{re.escape(point)}]", "", found["n"]).replace(point, ".")
    amount = _bounded(digits, text, line)
    return -amount if found["open"] or signs == ["-"] else amount


def _bounded(digits: str, text: str, line: int) -> Decimal:
    try:
        amount = Decimal(digits)
        cents = amount.quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise BadStatement("large_amount", line=line, value=text[:40]) from error
    if cents != amount:
        raise BadStatement("bad_amount", line=line, value=text[:40])
    if cents > LARGEST:
        raise BadStatement("large_amount", line=line, value=text[:40])
    return cents


def currency_code(text: str, *, line: int) -> str:
    """Three letters. Raises BadStatement."""
    code = text.strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise BadStatement("bad_currency", line=line, value=text[:20])
    return code


_SYMBOL = re.compile(r"(?<![A-Z])VS[:./ \-]{0,3}0*([1-9]\d{0,9})(?!\d)")


def variable_symbol(text: str) -> str:
    """The number that Czechs and Slovaks type to say what they pay, as banks write it into other fields."""
    found = _SYMBOL.search(text.upper())
    return found[1] if found else ""
