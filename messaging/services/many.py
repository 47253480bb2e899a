"""Messages to many: written together, held, let go, stopped, and what they cost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Exists, F, Min, OuterRef, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from messaging.models import ChannelAccount, Message, StoppedAddress
from messaging.models.messages import MessageQuerySet
from messaging.outbox.claims import STUCK, forget_what_is_over
from messaging.services.writing import begin_delivery

State = Message.State
HELD = timedelta(days=365)  # a sending is stopped long before, see dashboard.services.sendings.sweep


def write_many(messages: Sequence[Message]) -> list[Message]:
    """Write messages of one medium in the caller's transaction and have them delivered after it; gives the new ones.

    Each has a key; of a key that is there already none is written. The caller has left out whom not to write to.
    """
    before = set(Message.objects.filter(key__in=[each.key for each in messages]).values_list("key", flat=True))
    new = [each for each in messages if each.key not in before]
    Message.objects.bulk_create(new, ignore_conflicts=True)
    if new:
        begin_delivery(min(new, key=lambda each: each.due_at))  # where clocks differ, some wait for their morning
    return new


def hold(sending: UUID) -> int:
    """Let what waits of a sending wait on, and what is being handed over, should it not be taken; gives how many."""
    later = timezone.now() + HELD
    n = _waiting(sending).update(due_at=later)
    _on_its_way(sending).update(due_at=later)
    return n


def let_go(sending: UUID, *, at: datetime) -> int:
    """Have what was held of a sending delivered from a moment on; gives how many."""
    n = _waiting(sending).update(due_at=at)
    # Somebody may be handing it over right now, which is a claim; of who died, the next turn gives it back.
    _on_its_way(sending).update(due_at=max(at, timezone.now() + STUCK))
    if first := _waiting(sending).order_by("pk").first():
        begin_delivery(first)
    return n


def stop_waiting(sending: UUID) -> int:
    """Send nothing more of a sending, except what a carrier is being given and takes; gives how many were stopped."""
    keys = list(_waiting(sending).select_for_update().values_list("pk", flat=True))
    n = Message.objects.filter(pk__in=keys).update(state=State.STOPPED, error="Stopped:sending", price=0)
    forget_what_is_over(keys)
    _on_its_way(sending).update(error="Stopped:sending")
    return n


def _waiting(sending: UUID) -> MessageQuerySet:
    return Message.objects.of_sending(sending).filter(state=State.WAITING)


def _on_its_way(sending: UUID) -> MessageQuerySet:
    return Message.objects.of_sending(sending).filter(state=State.SENDING)


def fates_of(sending: UUID) -> dict[str, int]:
    """How many messages of a sending are in which state. One query."""
    rows = Message.objects.of_sending(sending).order_by().values_list("state").annotate(n=Count("pk"))
    return dict(rows)


def next_of(sending: UUID) -> datetime | None:
    """When the next message of a sending goes that waits, if one does. One query."""
    return _waiting(sending).aggregate(first=Min("due_at"))["first"]


def is_leaving() -> Exists:
    """Whether messages of a sending, whose row is asked for, have still to go."""
    return Exists(Message.objects.unsent().filter(sending=OuterRef("uuid")))


def cost_of(sending: UUID) -> Decimal:
    """What a sending has cost, with what still waits. One query."""
    return _sum(Message.objects.of_sending(sending))


@dataclass(frozen=True, slots=True)
class Spent:
    """What messages have cost: those to many, and all others."""

    to_many: Decimal
    other: Decimal

    @property
    def all(self) -> Decimal:
        return self.to_many + self.other


def spent_since(begin: datetime) -> Spent:
    """What messages have cost since a moment; of those to many with what still waits. One query."""
    rows = Message.objects.filter(created_at__gte=begin, price__gt=0).exclude(state__in=[State.FAILED, State.STOPPED])
    is_to_many = Q(lane=Message.Lane.BULK)
    found = rows.order_by().aggregate(many=Sum("price", filter=is_to_many), rest=Sum("price", filter=~is_to_many))
    return Spent(found["many"] or Decimal(0), found["rest"] or Decimal(0))


def _sum(rows: MessageQuerySet) -> Decimal:
    rows = rows.exclude(state__in=[State.FAILED, State.STOPPED])
    return rows.order_by().aggregate(all=Sum(F("price")))["all"] or Decimal(0)


def price_of(medium: str) -> Decimal:
    """What a segment costs by the channel in use. One query."""
    found = ChannelAccount.objects.carrying(medium).values_list("price", flat=True).first()
    return found or Decimal(0)


def stopped_among(medium: str, addresses: Iterable[str]) -> set[str]:
    """Those of some addresses, in small letters, that are written to no more. One query."""
    low = {each.lower() for each in addresses}
    rows = StoppedAddress.objects.filter(medium=medium, address__in=low)
    return set(rows.values_list("address", flat=True))


def got_since(begin: datetime, subscribers: Iterable[int]) -> dict[int, int]:
    """How many messages to many these subscribers were written since a moment; one in several browsers is one.

    One query.
    """
    rows = Message.objects.filter(lane=Message.Lane.BULK, created_at__gte=begin, subscriber_key__in=list(subscribers))
    rows = rows.exclude(state__in=[State.FAILED, State.STOPPED])
    each = Count(Coalesce("sending", "uuid"), distinct=True)
    return dict(rows.order_by().values_list("subscriber_key").annotate(n=each))
