"""What messages may still cost this month."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F, Q, Sum
from django.utils import timezone

from messaging.models import MessageSettings
from messaging.services import many
from subscribers.models import Sending

State = Sending.State


def this_month() -> datetime:
    """When the month began at the ISP."""
    return timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def today() -> datetime:
    """When the day began at the ISP."""
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Month:
    """What messages have cost this month, what begun sendings are still about to spend, and how much there is."""

    spent: many.Spent
    promised: Decimal
    budget: Decimal | None  # None: there is no limit

    @property
    def is_free(self) -> bool:
        """Whether there is nothing to tell: no limit, and nothing has cost anything."""
        return self.budget is None and not self.spent.all and not self.promised

    @property
    def left(self) -> Decimal | None:
        """What a sending that is started now may cost; None without a limit."""
        if self.budget is None:
            return None
        return max(self.budget - self.spent.all - self.promised, Decimal(0))


def month_of(settings: MessageSettings, *, but: int | None = None) -> Month:
    """How the month stands, without what the sending with the key `but` is about to spend. Two queries."""
    budget = settings.budget or None
    return Month(many.spent_since(this_month()), promised(but=but), budget)


def promised(*, but: int | None = None) -> Decimal:
    """What begun sendings were said to cost and have not written yet, as far as it falls into this month. One query."""
    end = (this_month() + timedelta(days=32)).replace(day=1)
    rows = Sending.objects.filter(
        Q(state__in=[State.RUNNING, State.PAUSED]) | Q(state=State.PLANNED, starts_at__lt=end),
        promised_price__gt=F("cost"),
    ).exclude(pk=but)
    return rows.order_by().aggregate(all=Sum(F("promised_price") - F("cost")))["all"] or Decimal(0)
