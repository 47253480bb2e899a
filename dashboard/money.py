"""The figures of the money dashboard: what is owed, what came in. A fixed number of statements, each over all rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext as _

from billing.ages import OVERDUE, Age, age_of_entry
from billing.models import Account, Invoice, LedgerEntry
from payments.collected_lists import NONE
from payments.models import Payment

NOTHING = Decimal(0)
SHOWN = 10  # rows of a chart; the rest is summed up in one
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a chart: what it is of, how much, of how many, where the list of it is. `share` is 0 to 100."""

    title: str
    amount: Decimal
    count: int
    path: str = ""  # behind the ISP's slug
    share: float = 0


@dataclass(frozen=True, slots=True)
class Chart:
    """Rows that belong together. `unit` says what is counted beside the amounts: subscribers or payments."""

    name: str
    title: str
    bars: list[Bar]
    unit: str

    @property
    def total(self) -> Decimal:
        return sum((bar.amount for bar in self.bars), NOTHING)


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the year that is drawn. The shares are 0 to 100 of the highest bar."""

    first: date
    invoiced: Decimal
    collected: Decimal
    path: str
    invoiced_share: float
    collected_share: float

    @property
    def invoiced_top(self) -> float:
        """Where its bar begins, from above."""
        return 100 - self.invoiced_share

    @property
    def collected_top(self) -> float:
        return 100 - self.collected_share


def first_of_next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def first_of_last(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


def _list(path: str, **query: str) -> str:
    return f"{path}?{urlencode(query)}"


def _drawn(rows: Iterable[tuple[str, Decimal, int, str]]) -> list[Bar]:
    """Bars beside the longest one, the largest first, and what does not fit into SHOWN of them in one."""
    rows = sorted(rows, key=lambda row: -row[1])
    rest = rows[SHOWN:] if len(rows) > SHOWN + 1 else []
    if rest:
        others = (_("others"), sum((row[1] for row in rest), NOTHING), sum(row[2] for row in rest), "")
        rows = [*rows[:SHOWN], others]
    return _in_order(rows)


def _in_order(rows: list[tuple[str, Decimal, int, str]]) -> list[Bar]:
    highest = max([row[1] for row in rows], default=NOTHING)
    return [Bar(*row, share=_share(row[1], highest)) for row in rows]


def _share(amount: Decimal, highest: Decimal) -> float:
    return round(float(max(amount, NOTHING) / highest * 100), 2) if highest > 0 else 0


def owed() -> dict[str, Any]:
    """What all subscribers owe together, and what is in their favour. One statement."""
    return Account.objects.aggregate(
        owed=Sum("balance", filter=Q(balance__gt=0), default=NOTHING),
        debtors=Count("pk", filter=Q(balance__gt=0)),
        favoured_amount=-Sum("balance", filter=Q(balance__lt=0), default=NOTHING),
        favoured=Count("pk", filter=Q(balance__lt=0)),
    )


def by_age(*, on: date) -> Chart:
    """What is owed by how long it is overdue. One statement."""
    rows = LedgerEntry.objects.filter(open__gt=0).order_by().annotate(age=age_of_entry(on=on)).values("age")
    found = {row["age"]: row for row in rows.annotate(sum=Sum("open"), people=Count("subscriber", distinct=True))}
    bars = [
        (
            str(age.label),
            found[age]["sum"] if age in found else NOTHING,
            found[age]["people"] if age in found else 0,
            _list("subscribers/", overdue=age.value),
        )
        for age in Age
    ]
    return Chart("age", _("Owed, by how long it is overdue"), _in_order(bars) if found else [], "subscribers")


def overdue(ages: Chart) -> dict[str, Any]:
    """What of it is overdue at all."""
    return {
        "amount": sum((bar.amount for bar in ages.bars[1:]), NOTHING),
        "path": _list("subscribers/", overdue=OVERDUE),
    }


def owed_by(field: str, *, title: str, nobody: str) -> Chart:
    """What is owed by zone or group of the subscribers. One statement."""
    rows = Account.objects.owing().order_by().values(which=F(f"subscriber__{field}__uuid"))
    found = rows.annotate(label=F(f"subscriber__{field}__name"), sum=Sum("balance"), people=Count("pk"))
    bars = [
        (
            row["label"] or nobody,
            row["sum"],
            row["people"],
            _list("subscribers/", debt="owing", **{field: str(row["which"] or NONE)}),
        )
        for row in found
    ]
    return Chart(f"owed-{field}", title, _drawn(bars), "subscribers")


def collected_by(field: str, payments: QuerySet[Payment], days: dict[str, str], *, title: str, nobody: str) -> Chart:
    """What came in by method, zone or group. One statement. `days` is the time, as the list of payments says it."""
    way = field if field == "method" else f"subscriber__{field}"
    rows = payments.order_by().values(which=F(f"{way}__uuid")).annotate(label=F(f"{way}__name"))
    bars = [
        (
            row["label"] or nobody,
            row["sum"],
            row["n"],
            _list("money/collected/", **days, **{field: str(row["which"] or NONE)}),
        )
        for row in rows.annotate(sum=Sum(F("amount") - F("taken_back")), n=Count("pk"))
    ]
    return Chart(f"collected-{field}", title, _drawn(bars), "payments")


def days_of(month: date) -> dict[str, str]:
    """A month as the list of payments says it."""
    return {"since": month.isoformat(), "until": (first_of_next(month) - timedelta(days=1)).isoformat()}


def payments_in(month: date) -> QuerySet[Payment]:
    """What came in in a month and stayed."""
    return Payment.objects.standing().filter(on__gte=month, on__lt=first_of_next(month))


def year(*, until: date) -> list[Month]:
    """What was invoiced and what came in, in each of the twelve months that end with one. Two statements."""
    months = [until]
    while len(months) < MONTHS:
        months.insert(0, first_of_last(months[0]))
    invoiced = _by_month(
        Invoice.objects.invoices().filter(issued_on__gte=months[0], issued_on__lt=first_of_next(until)),
        day="issued_on", sum=Sum(F("total") - F("credited")),
    )  # fmt: skip
    collected = _by_month(
        Payment.objects.standing().filter(on__gte=months[0], on__lt=first_of_next(until)),
        day="on", sum=Sum(F("amount") - F("taken_back")),
    )  # fmt: skip
    highest = max([*invoiced.values(), *collected.values()], default=NOTHING)
    return [
        Month(
            month,
            came := invoiced.get(month, NOTHING),
            went := collected.get(month, NOTHING),
            _list("money/collected/", **days_of(month)),
            _share(came, highest),
            _share(went, highest),
        )
        for month in months
    ]


def _by_month(rows: QuerySet[Any], *, day: str, sum: Any) -> dict[date, Decimal]:
    found = rows.order_by().annotate(month=TruncMonth(day)).values("month").annotate(sum=sum)
    return {row["month"]: row["sum"] for row in found}
