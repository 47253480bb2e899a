"""A statement of account: the entries of a subscriber in some days, with the balance before and after each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import F, Q, Sum, Window

from billing.models import LedgerEntry
from billing.models.ledger import LedgerEntryQuerySet
from subscribers.models import Subscriber


@dataclass(frozen=True)
class Statement:
    """`opening` is the balance before the first day. Above zero the subscriber owes it."""

    subscriber: Subscriber
    first: date
    last: date
    opening: Decimal
    closing: Decimal

    def entries(self) -> LedgerEntryQuerySet:
        """The oldest on top, each with the balance after it as `after`."""
        within = Window(Sum("amount"), order_by=[F("on").asc(), F("pk").asc()])
        rows = LedgerEntry.objects.filter(subscriber=self.subscriber, on__range=(self.first, self.last))
        return rows.annotate(after=self.opening + within).order_by("on", "pk")

    def rows(self) -> Iterator[LedgerEntry]:
        """The entries, a few at a time."""
        return self.entries().iterator(chunk_size=500)


def statement(subscriber: Subscriber, *, first: date, last: date) -> Statement:
    """The statement of some days, both included. One query."""
    sums = LedgerEntry.objects.filter(subscriber=subscriber).aggregate(
        before=Sum("amount", filter=Q(on__lt=first)), during=Sum("amount", filter=Q(on__range=(first, last)))
    )
    opening = sums["before"] or Decimal(0)
    return Statement(subscriber, first, last, opening, opening + (sums["during"] or Decimal(0)))
