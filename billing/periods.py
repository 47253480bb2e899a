"""Which days of a service are to be billed, and what they cost. Pure: nothing here looks at the database.

The days of a service are cut into cycles of one to twelve months that begin on the ISP's billing day. A part of a cycle
costs what its days are of the cycle's days, rounded so that the parts of a cycle always sum to its price.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import pairwise

from babel.numbers import get_currency_precision

DAY = timedelta(days=1)
LAST_BILLING_DAY = 28  # that every month has
DIGITS = 2  # that columns hold


@lru_cache(maxsize=64)
def step_of(currency: str) -> Decimal:
    """The smallest amount of a currency, such as 0.01, or 1 where nobody pays with less."""
    return Decimal(1).scaleb(-min(get_currency_precision(currency), DIGITS))


@dataclass(frozen=True, slots=True)
class Days:
    """Days from the first to the last one, both included."""

    first: date
    last: date

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def common(self, other: "Days") -> "Days | None":
        """The days that both have."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Days(first, last) if first <= last else None

    def without(self, holes: Iterable["Days"]) -> Iterator["Days"]:
        """What is left of them beside holes that are in order and do not overlap."""
        first = self.first
        for hole in holes:
            if hole.first > self.last:
                break
            if first < hole.first:
                yield Days(first, hole.first - DAY)
            first = max(first, hole.last + DAY)
        if first <= self.last:
            yield Days(first, self.last)


def month_of(day: date, billing_day: int) -> int:
    """The month, counted from the year 0, in which the month of billing of a day begins."""
    return day.year * 12 + day.month - 1 - (day.day < billing_day)


def _begin(month: int, billing_day: int) -> date:
    return date(month // 12, month % 12 + 1, billing_day)


@lru_cache(maxsize=10_000)
def cycle_at(day: date, *, months: int, billing_day: int, anchor: int = 0) -> Days:
    """The cycle that holds a day. Cycles of several months begin in the month `anchor` and every so many months before
    and after it."""
    month = month_of(day, billing_day)
    begin = month - (month - anchor) % months
    return Days(_begin(begin, billing_day), _begin(begin + months, billing_day) - DAY)


def share(price: Decimal, cycle: Days, part: Days, step: Decimal) -> Decimal:
    """What a part of a cycle costs. The parts of a cycle, however it is cut, sum to `price`."""
    if part == cycle:
        return price
    whole = len(cycle)
    until = (price * ((part.last - cycle.first).days + 1) / whole).quantize(step, ROUND_HALF_UP)
    before = (price * (part.first - cycle.first).days / whole).quantize(step, ROUND_HALF_UP)
    # The last part takes what rounding has left, where the price itself has more digits than the currency.
    return (price if part.last == cycle.last else until) - before


@dataclass(frozen=True, slots=True)
class Term:
    """What a service costs from a day on: a price each cycle of so many months, tax in per cent included."""

    since: date
    price: Decimal
    months: int
    tax_rate: Decimal
    name: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Days of one cycle that cost one price."""

    days: Days
    cycle: Days
    term: Term

    @property
    def is_part(self) -> bool:
        """Whether it is less than the whole cycle."""
        return self.days != self.cycle

    def amount(self, step: Decimal) -> Decimal:
        return share(self.term.price, self.cycle, self.days, step)


def pieces(days: Days, terms: Sequence[Term], *, billing_day: int, anchor: int = 0) -> Iterator[Piece]:
    """Days cut where a cycle ends and where the price changes. The first term also holds before its beginning."""
    ends = [after.since - DAY for _, after in pairwise(terms)] + [days.last]
    for place, (term, end) in enumerate(zip(terms, ends, strict=True)):
        first = days.first if place == 0 else max(days.first, term.since)
        end = min(end, days.last)
        while first <= end:
            cycle = cycle_at(first, months=term.months, billing_day=billing_day, anchor=anchor)
            last = min(cycle.last, end)
            yield Piece(Days(first, last), cycle, term)
            first = last + DAY


def horizon(on: date, *, months: int, billing_day: int, anchor: int, in_advance: bool) -> date:
    """The last day that a run on a date bills: of the cycle that holds it, or in arrears of the one before."""
    cycle = cycle_at(on, months=months, billing_day=billing_day, anchor=anchor)
    return cycle.last if in_advance else cycle.first - DAY


@dataclass(frozen=True, slots=True)
class Life:
    """From when until when a service was there, until when it has been billed, and its days that are not billed."""

    started_on: date | None
    ended_on: date | None = None
    billed_until: date | None = None
    holes: Sequence[Days] = ()  # in order, apart from one another

    def due(self, *, begin: date, until: date) -> list[Days]:
        """The days that are to be billed now: from the day after the last billed one, and not before `begin`, which is
        where the ISP's billing here began, up to `until`."""
        first = self.billed_until + DAY if self.billed_until else max(self.started_on or begin, begin)
        last = min(until, self.ended_on or until)
        return list(Days(first, last).without(self.holes)) if first <= last else []


def holes_of(states: Iterable[tuple[date, bool]], *, until: date) -> list[Days]:
    """The days on which a service was suspended all day long, from (day, is it suspended from then on), in order."""
    holes: list[Days] = []
    since: date | None = None
    for day, is_off in states:
        if is_off and since is None:
            since = day
        elif not is_off and since is not None:
            if since + DAY <= day - DAY:
                holes.append(Days(since + DAY, day - DAY))
            since = None
    if since is not None and since + DAY <= until:
        holes.append(Days(since + DAY, until))
    # Off, on and off again on one day may leave two that touch; they never overlap.
    return holes
