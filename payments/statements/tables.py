"""Statements as tables, which every bank lays out in its own way: CSV and XLSX, read as a mapping says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import chain, islice
from typing import IO, Any

from core.folding import folded
from core.tabular import CSV, BadFile, open_table
from core.tabular.profiles import Profile, names
from core.tabular.reading import Line as Row
from core.tabular.values import BadValue, read_date
from payments.statements.lines import (
    LATER,
    NAME,
    SHORT,
    TEXT,
    Line,
    Rules,
    Summary,
    account_key,
    checked_day,
    clean,
    currency_code,
    typed_amount,
    variable_symbol,
)
from payments.statements.refusals import BadStatement

LOOKED_AT = 40  # rows among which the titles are, and from which columns are guessed
COLUMNS = 100


@dataclass(frozen=True, slots=True)
class Mapping:
    """Which column is what, by its title as it is compared, and how days and amounts are written."""

    columns: dict[str, list[str]]  # target: titles, folded; see targets.py
    date_order: str = "dmy"
    point: str = "."
    turned: bool = False  # whether money that comes in has a minus
    own_account: str = ""  # that the column with our own account has to show


@dataclass(slots=True)
class Table:
    """The beginning of a table: its titles, and what stands below them."""

    titles: list[str]
    columns: list[dict[str, Any]]  # see core.tabular.profiles
    rows: list[Row]
    header_row: int
    rest: Iterator[Row] = field(default_factory=lambda: iter(()))


def look(file: IO[bytes], *, kind: str, country: str) -> Table:
    """Find the titles and what the first rows hold. Raises BadStatement, BadFile."""
    rows = open_table(file, kind=kind, country=country).lines
    first = list(islice(rows, LOOKED_AT))
    if not first:
        raise BadStatement("no_lines")
    place = _place_of_titles(first)
    titles = names(first[place].cells[:COLUMNS])
    while len(titles) > 2 and not first[place].cells[len(titles) - 1]:
        titles.pop()
    profiles = [Profile(title) for title in titles]
    for row in first[place + 1 :]:
        for profile, cell in zip(profiles, row.cells, strict=False):
            if cell:
                profile.look(cell)
    columns = [profile.kept() for profile in profiles]
    return Table(titles, columns, first[place + 1 :], first[place].number, rows)


def _place_of_titles(rows: list[Row]) -> int:
    """Above the titles a bank writes the account, the period, the balance. They hold no digits, and rows follow."""
    width = max(len([cell for cell in row.cells if cell]) for row in rows)
    if width < 2:
        raise BadFile("one_column")
    for place, row in enumerate(rows):
        filled = [cell for cell in row.cells if cell]
        has_words = sum(not any(c.isdecimal() for c in cell) for cell in filled) >= max(2, 0.8 * len(filled))
        if has_words and len(filled) >= max(2, 0.6 * width):
            return place
    raise BadStatement("no_titles")


def lines(file: IO[bytes], summary: Summary, rules: Rules, *, kind: str, mapping: Mapping) -> Iterator[Line]:
    """The movements of a table. Raises BadStatement, BadFile."""
    table = look(file, kind=kind, country=rules.country)
    places = _places(table, mapping)
    reader = _Reader(places, mapping, rules, width=len(table.titles))
    ends_with_break = kind != CSV or _ends_with_break(file)
    before: Row | None = None
    for row in chain(table.rows, table.rest):
        if before is not None:
            yield from reader.taken(before, summary)
        before = row
    if before is not None:
        if not ends_with_break:
            reader.check_end(before)
        yield from reader.taken(before, summary)
    reader.finish(summary)
    summary.finish()


def _places(table: Table, mapping: Mapping) -> dict[str, list[int]]:
    titles = [folded(title) or title for title in table.titles]
    found: dict[str, list[int]] = {}
    for target, wanted in mapping.columns.items():
        for title in wanted:
            if title not in titles:
                raise BadStatement("missing_column", column=title)
            found.setdefault(target, []).append(titles.index(title))
    if "booked_on" not in found or not found.keys() & {"amount", "amount_in"}:
        raise BadStatement("no_columns")
    return found


def _ends_with_break(file: IO[bytes]) -> bool:
    place = file.tell()
    size = file.seek(0, 2)
    file.seek(max(0, size - 4))
    tail = file.read()
    file.seek(place)
    return tail.replace(b"\0", b"").endswith((b"\n", b"\r"))


class _Reader:
    """Turns rows into lines. Looks at what one row alone cannot tell: balances, rows below the last movement, a cut."""

    def __init__(self, places: dict[str, list[int]], mapping: Mapping, rules: Rules, *, width: int) -> None:
        self.places, self.mapping, self.rules, self.width = places, mapping, rules, width
        self.undated: int = 0  # a row with an amount and no day: a sum below the last movement
        self.last: Row | None = None
        self.balances = _Balances()

    def cell(self, row: Row, target: str) -> str:
        places = self.places.get(target, [])
        return " ".join(row.cells[place] for place in places if place < len(row.cells) and row.cells[place])

    def check_end(self, row: Row) -> None:
        """Raise BadStatement for a last row without a line break that looks like a part of one."""
        if len(row.cells) < (len(self.last.cells) if self.last else self.width):
            raise BadStatement("cut_row", row=row.number)
        if self.last is None or not row.cells:
            return
        end = len(row.cells) - 1
        target = next((name for name, places in self.places.items() if end in places), "")
        if target in {"booked_on", "value_on", "amount", "amount_in", "amount_out", "balance"}:
            one, two = _form(self.last.cells[end]), _form(row.cells[end])
            if one and one != two:
                raise BadStatement("cut_row", row=row.number)

    def taken(self, row: Row, summary: Summary) -> Iterator[Line]:
        has_amount = any(self.cell(row, name) for name in ("amount", "amount_in", "amount_out"))
        if not self.cell(row, "booked_on"):
            if has_amount and not self.undated:
                self.undated = row.number
            return
        if self.undated:
            raise BadStatement("no_date_between", line=self.undated)
        booked_on = self._day(row, "booked_on")
        amount = self._amount(row)
        self._check_account(row)
        currency = self.cell(row, "currency")
        code = currency_code(currency, line=row.number) if currency else self.rules.currency
        if balance := self.cell(row, "balance"):
            self.balances.take(typed_amount(balance, point=self.mapping.point, line=row.number), amount, row.number)
        text = clean(self.cell(row, "text"), TEXT)
        reference = clean(self.cell(row, "reference"), SHORT)
        self.last = row
        summary.currency = summary.currency or code
        yield summary.take(
            Line(
                number=summary.count + 1,
                booked_on=booked_on,
                value_on=self._day(row, "value_on") if self.cell(row, "value_on") else None,
                amount=amount,
                currency=code,
                name=clean(self.cell(row, "name"), NAME),
                account=account_key(self.cell(row, "account")),
                reference=variable_symbol(reference) or reference or variable_symbol(text),
                text=text,
                bank_id=clean(self.cell(row, "bank_id"), SHORT),
            )
        )

    def _day(self, row: Row, target: str) -> date:
        text, order = self.cell(row, target), self.mapping.date_order
        try:
            day = read_date(text, order=order, today=self.rules.today + LATER, may_be_later=True)
        except BadValue as error:
            if error.code == "old_date":
                raise BadStatement("old_date", line=row.number, value=text[:40]) from error
            form = {"dmy": "31/12/2026", "mdy": "12/31/2026"}.get(order, "2026-12-31")
            raise BadStatement("bad_date", line=row.number, value=text[:40], form=form) from error
        return checked_day(day, line=row.number, rules=self.rules)

    def _amount(self, row: Row) -> Decimal:
        point, number = self.mapping.point, row.number
        if "amount" in self.places:
            text = self.cell(row, "amount")
            if not text:
                raise BadStatement("no_way", line=number)
            amount = typed_amount(text, point=point, line=number)
        else:
            texts = [self.cell(row, "amount_in"), self.cell(row, "amount_out")]
            came, went = [typed_amount(text, point=point, line=number) if text else Decimal(0) for text in texts]
            if came and went:
                raise BadStatement("both_ways", line=number)
            amount = came or -abs(went)
        if not amount:
            raise BadStatement("zero_amount", line=number)
        return -amount if self.mapping.turned else amount

    def _check_account(self, row: Row) -> None:
        found = account_key(self.cell(row, "own_account"))
        wanted = account_key(self.mapping.own_account)
        if found and wanted and not _same_account(found, wanted):
            raise BadStatement("other_account", line=row.number, found=found, wanted=wanted)

    def finish(self, summary: Summary) -> None:
        """Check the balances, and take those before and after from them. Raises BadStatement."""
        if "balance" in self.places and summary.count:
            summary.opening, summary.closing = self.balances.ends()


def _same_account(one: str, two: str) -> bool:
    """Banks leave out leading zeros, or write a part of an IBAN."""
    one, two = (re.sub(r"\D", "", text).lstrip("0") for text in (one, two))
    return one == two or (min(len(one), len(two)) >= 6 and (one.endswith(two) or two.endswith(one)))


def _form(text: str) -> str:
    """How the end of a cell is written: the digits behind the last mark, those before it only as one."""
    found = re.search(r"[./,\-](\d+)\D*$", text)
    return f".{len(found[1])}" if found else ("d" if text and text[-1].isdecimal() else "")


class _Balances:
    """Whether balances follow from one another, in either order; which one is known after a few rows."""

    def __init__(self) -> None:
        self.first: tuple[Decimal, Decimal] | None = None
        self.before: tuple[Decimal, Decimal] | None = None
        self.up = self.down = True

    def take(self, balance: Decimal, amount: Decimal, row: int) -> None:
        if self.before is None:
            self.first = (balance, amount)
        else:
            was, moved = self.before
            self.up = self.up and was + amount == balance
            self.down = self.down and was - moved == balance
            if not (self.up or self.down):
                raise BadStatement("wrong_balance", line=row)
        self.before = (balance, amount)

    def ends(self) -> tuple[Decimal | None, Decimal | None]:
        """The balances before and after."""
        if self.first is None or self.before is None:
            return None, None
        if self.up:
            return self.first[0] - self.first[1], self.before[0]
        return self.before[0] - self.before[1], self.first[0]
