"""What clerks registered at the cash desk, day by day. A day is one of the ISP, and that of registering."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import Count, Exists, F, OuterRef, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from billing.models import Allocation, LedgerEntry
from payments.models import CashClosing, Payment, PaymentMethod, PaymentQuerySet

STAFF = "staff"  # the kind of an actor who works at a desk
OPEN_FOR = timedelta(days=31)  # how long a day that nobody closed is pointed at
WENT_OUT = (LedgerEntry.Kind.TAKEN_BACK, LedgerEntry.Kind.REFUND)


@dataclass(frozen=True, slots=True)
class DeskSum:
    """What a clerk registered with one method on one day: `paid_back` is taken off in `amount`."""

    method: PaymentMethod | None
    payments: int
    paid_back: Decimal
    amount: Decimal

    @property
    def key(self) -> str:
        """Names the method in a form."""
        return str(self.method.uuid) if self.method else "none"


@dataclass(frozen=True, slots=True)
class OpenDay:
    """A day on which a clerk registered payments, and that nobody has closed."""

    clerk_id: int
    clerk_name: str
    on: date
    payments: int
    amount: Decimal


def _day(on: date) -> tuple[datetime, datetime]:
    """The first instant of a day of the ISP, and that of the next one."""
    zone = timezone.get_current_timezone()
    return datetime.combine(on, time(), zone), datetime.combine(on + timedelta(days=1), time(), zone)


def payments_of(*, clerk_id: int, on: date) -> PaymentQuerySet:
    """What a clerk registered at the desk on a day, in the order of registering."""
    begin, end = _day(on)
    rows = Payment.objects.at_desk().filter(by_id=clerk_id, at__gte=begin, at__lt=end)
    return rows.select_related("subscriber", "method").order_by("at", "pk")


def sums(*, clerk_id: int, on: date) -> list[DeskSum]:
    """A clerk's day by method, with what went out again that day. Three queries."""
    begin, end = _day(on)
    came = payments_of(clerk_id=clerk_id, on=on).select_related(None).order_by()
    came_by = {row["method"]: row for row in came.values("method").annotate(n=Count("pk"), sum=Sum("amount"))}
    went = Allocation.objects.filter(
        debit__kind__in=WENT_OUT,
        debit__by_kind=STAFF,
        debit__by_id=clerk_id,
        debit__at__gte=begin,
        debit__at__lt=end,
        credit__payment__source=Payment.Source.DESK,
    )
    went_by = {
        row["method"]: row["sum"]
        for row in went.order_by().values(method=F("credit__payment__method")).annotate(sum=Sum("amount"))
    }
    methods = PaymentMethod.objects.in_bulk([key for key in {*came_by, *went_by} if key])
    ordered = sorted({*came_by, *went_by}, key=lambda key: (key is None, methods[key].position if key else 0, key or 0))
    nothing = {"n": 0, "sum": Decimal(0)}
    return [
        DeskSum(
            method=methods.get(key),
            payments=came_by.get(key, nothing)["n"],
            paid_back=went_by.get(key, Decimal(0)),
            amount=came_by.get(key, nothing)["sum"] - went_by.get(key, Decimal(0)),
        )
        for key in ordered
    ]


def open_days(*, today: date) -> list[OpenDay]:
    """Days with payments at a desk that nobody has closed, the latest first; none older than a month. One query."""
    rows = Payment.objects.at_desk().filter(at__gte=_day(today - OPEN_FOR)[0]).order_by()
    rows = rows.annotate(day=TruncDate("at", tzinfo=timezone.get_current_timezone()))
    rows = rows.alias(is_closed=Exists(CashClosing.objects.filter(clerk_id=OuterRef("by_id"), on=OuterRef("day"))))
    found = rows.filter(is_closed=False).values("by_id", "day", name=F("by_name"))
    return [
        OpenDay(row["by_id"], row["name"], row["day"], row["n"], row["sum"])
        for row in found.annotate(n=Count("pk"), sum=Sum("amount")).order_by("-day", "name")
    ]
