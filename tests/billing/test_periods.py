"""Which days are billed and what they cost: parts sum to the whole, no day is billed twice, and none is forgotten."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import periods
from billing.periods import DAY, Days, Life, Term, cycle_at, holes_of, horizon, pieces, share, step_of

CENT = Decimal("0.01")
days = st.dates(date(2024, 1, 1), date(2027, 12, 31))
billing_days = st.integers(1, 28)
cycles = st.sampled_from([1, 2, 3, 6, 12])
prices = st.decimals("0", "9999.99", places=2)


def test_a_month_begins_on_the_billing_day():
    assert cycle_at(date(2026, 3, 14), months=1, billing_day=15) == Days(date(2026, 2, 15), date(2026, 3, 14))
    assert cycle_at(date(2026, 3, 15), months=1, billing_day=15) == Days(date(2026, 3, 15), date(2026, 4, 14))
    anchor = periods.month_of(date(2026, 2, 10), 1)
    assert cycle_at(date(2026, 4, 30), months=3, billing_day=1, anchor=anchor) == Days(
        date(2026, 2, 1), date(2026, 4, 30)
    )
    assert cycle_at(date(2025, 12, 31), months=12, billing_day=1, anchor=anchor).first == date(2025, 2, 1)


@given(day=days, months=cycles, billing_day=billing_days, anchor=st.integers(0, 30_000))
def test_a_cycle_holds_its_day_and_the_next_one_begins_after_it(day, months, billing_day, anchor):
    cycle = cycle_at(day, months=months, billing_day=billing_day, anchor=anchor)
    after = cycle_at(cycle.last + DAY, months=months, billing_day=billing_day, anchor=anchor)
    assert cycle.first <= day <= cycle.last
    assert after.first == cycle.last + DAY
    assert cycle_at(cycle.first, months=months, billing_day=billing_day, anchor=anchor) == cycle


@given(price=prices, day=days, months=cycles, cuts=st.sets(st.integers(1, 400), max_size=6), step=st.sampled_from("01"))
def test_the_parts_of_a_cycle_sum_to_its_price(price, day, months, cuts, step):
    step = CENT if step == "0" else Decimal(1)
    cycle = cycle_at(day, months=months, billing_day=1)
    ends = sorted({cycle.first + timedelta(days=cut - 1) for cut in cuts if cut < len(cycle)} | {cycle.last})
    begins = [cycle.first, *[end + DAY for end in ends[:-1]]]
    parts = [share(price, cycle, Days(*part), step) for part in zip(begins, ends, strict=True)]
    assert sum(parts) == price
    assert all(part >= -step for part in parts)


def test_half_a_month_costs_half_and_currencies_without_cents_have_none():
    april = cycle_at(date(2026, 4, 1), months=1, billing_day=1)
    half = Days(date(2026, 4, 16), date(2026, 4, 30))
    assert share(Decimal(500), april, half, CENT) == 250
    assert share(Decimal(499), april, half, step_of("CLP")) == 249
    assert (step_of("MXN"), step_of("CLP"), step_of("CZK")) == (CENT, 1, CENT)


@given(
    start=days,
    steps=st.lists(st.integers(0, 60), min_size=1, max_size=12),
    months=cycles,
    billing_day=billing_days,
    in_advance=st.booleans(),
    ends_after=st.one_of(st.none(), st.integers(0, 500)),
    holes=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 60)), max_size=4),
)
def test_no_day_is_billed_twice_and_none_is_forgotten(start, steps, months, billing_day, in_advance, ends_after, holes):
    """Runs on any days: what they bill together is each day of the service up to the last run's horizon, once."""
    end = start + timedelta(days=ends_after) if ends_after is not None else None
    off, day = [], start
    for wait, length in holes:
        first = day + timedelta(days=wait + 1)
        day = first + timedelta(days=length)
        off.append(Days(first, day - DAY))
        day += DAY
    anchor = periods.month_of(start, billing_day)
    about = {"months": months, "billing_day": billing_day, "anchor": anchor}
    billed, until, on = [], None, start
    for step in steps:
        on += timedelta(days=step)
        last = horizon(on, in_advance=in_advance, **about)
        term = Term(start, Decimal(100), months, Decimal(0))
        for due in Life(start, end, until, off).due(begin=start, until=last):
            cut = list(pieces(due, [term], billing_day=billing_day, anchor=anchor))
            assert all(piece.days.common(piece.cycle) == piece.days for piece in cut)
            billed += [piece.days.first + timedelta(days=n) for piece in cut for n in range(len(piece.days))]
            until = due.last
    last = min(horizon(on, in_advance=in_advance, **about), end or date.max)
    whole = [start + timedelta(days=n) for n in range((last - start).days + 1)]
    assert billed == [day for day in whole if not any(hole.first <= day <= hole.last for hole in off)]


@given(day=days, change=st.integers(0, 40), before=prices, after=prices)
def test_a_price_that_changes_within_a_cycle_costs_each_day_its_own(day, change, before, after):
    cycle = cycle_at(day, months=1, billing_day=1)
    since = cycle.first + timedelta(days=change)
    terms = [Term(date(2020, 1, 1), before, 1, Decimal(0)), Term(since, after, 1, Decimal(0))]
    cut = list(pieces(cycle, terms, billing_day=1))
    assert sum(len(piece.days) for piece in cut) == len(cycle)
    expected = before if since > cycle.last else after if since == cycle.first else None
    total = sum(piece.amount(CENT) for piece in cut)
    if expected is not None:
        assert total == expected
    else:
        assert min(before, after) - CENT <= total <= max(before, after) + CENT


def test_days_before_the_billing_began_here_are_not_billed():
    """Who was taken over from another system in 2019 gets no invoices of years."""
    begin = date(2026, 3, 1)
    assert Life(date(2019, 5, 5)).due(begin=begin, until=date(2026, 3, 31)) == [Days(begin, date(2026, 3, 31))]
    assert Life(None).due(begin=begin, until=date(2026, 3, 31)) == [Days(begin, date(2026, 3, 31))]
    late = date(2026, 3, 20)
    assert Life(late).due(begin=begin, until=date(2026, 3, 31)) == [Days(late, date(2026, 3, 31))]


def test_a_cut_is_billed_on_its_first_and_last_day_alone():
    def on(day):
        return date(2026, 3, day)

    assert holes_of([(on(10), True), (on(14), False)], until=on(31)) == [Days(on(11), on(13))]
    assert holes_of([(on(10), True), (on(11), False)], until=on(31)) == []
    assert holes_of([(on(10), True)], until=on(31)) == [Days(on(11), on(31))]
    assert holes_of([(on(10), True), (on(14), False), (on(14), True)], until=on(16)) == [
        Days(on(11), on(13)),
        Days(on(15), on(16)),
    ]


@pytest.mark.parametrize("in_advance", [True, False])
def test_the_control_a_run_that_forgets_until_when_it_billed_bills_days_twice(in_advance):
    """The control of the property above: without `billed_until` the second run bills the first one's days again."""
    start, term = date(2026, 1, 1), Term(date(2026, 1, 1), Decimal(1), 1, Decimal(0))
    seen = []
    for on in (date(2026, 2, 1), date(2026, 3, 1)):
        last = horizon(on, months=1, billing_day=1, anchor=0, in_advance=in_advance)
        for due in Life(start).due(begin=start, until=last):
            seen += [piece.days for piece in pieces(due, [term], billing_day=1)]
    assert len(seen) > len(set(seen))
