"""What carriers say later of messages that they took.

Callbacks come twice, in any order, and now and then before the number of a message is written down here. So what comes
out is the same in whatever order they come: a message that was ever delivered is delivered, else one that ever failed
has failed. What is said of a number that nobody knows yet waits for a day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.utils import timezone

from messaging.channels import kinds
from messaging.channels.base import Event, Fate, Incoming, Told
from messaging.channels.outside import storable
from messaging.channels.reasons import either, readable, said
from messaging.models import ChannelAccount, EarlyEvent, Message, StoppedAddress
from messaging.outbox import received
from messaging.outbox.results import GONE, is_often_enough
from messaging.outbox.stops import stop_and_tell
from messaging.outbox.wishes import no_more_news

State = Message.State
REASONS = {
    Fate.BOUNCED: StoppedAddress.Reason.BOUNCE,
    Fate.COMPLAINED: StoppedAddress.Reason.COMPLAINT,
    Fate.OPTED_OUT: StoppedAddress.Reason.OPT_OUT,
}
FAILED = {Fate.FAILED, Fate.BOUNCED, Fate.NO_NEWS}
EARLY = timedelta(days=1)
AT_ONCE = 500  # events
LONGEST_ADDRESS = 254


def take(*, channel: str, medium: str, told: Sequence[Told]) -> bool:
    """Write down what a carrier tells. Whether something is left to do: news of a message that is not known yet, or an
    answer that has to be confirmed. In a transaction.
    """
    events = [replace(each, number=storable(each.number)[:160]) for each in told if isinstance(each, Event)]
    known = _apply(channel, [event for event in events if event.number])
    early = [event for event in events if event.number and event.number not in known]
    now = timezone.now()
    EarlyEvent.objects.bulk_create(
        [
            EarlyEvent(
                channel=channel, number=event.number, fate=event.fate, said=readable(event.said)[:300],
                at=event.at or now,
            )
            for event in early
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    for event in events:
        if event.fate in REASONS and 0 < len(event.address) <= LONGEST_ADDRESS and event.number not in known:
            stop_and_tell(medium=medium, address=event.address, reason=REASONS[event.fate], why=said(event.said))
    is_to_confirm = received.take(channel=channel, medium=medium, incoming=[e for e in told if isinstance(e, Incoming)])
    return bool(early) or is_to_confirm


def match_early(*, channel: str) -> int:
    """Write down what came too early, once its messages are there; gives how much it was. In a transaction."""
    known = Message.objects.filter(channel=channel).exclude(number_there="")
    rows = list(
        EarlyEvent.objects.filter(channel=channel, number__in=known.values("number_there"))
        .select_for_update(skip_locked=True)
        .order_by("pk")[:AT_ONCE]
    )
    if rows:
        _apply(channel, [Event(row.number, Fate(row.fate), row.said, row.at) for row in rows])
        EarlyEvent.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


def channels_with_early() -> list[str]:
    """The channels of which something came too early."""
    return list(EarlyEvent.objects.order_by().values_list("channel", flat=True).distinct())


def forget_early(*, at: datetime) -> None:
    """Delete what waited for a day and whose message did not come."""
    EarlyEvent.objects.filter(received_at__lt=at - EARLY).delete()


def _apply(channel: str, events: Iterable[Event]) -> set[str]:
    """Write events onto the messages that they speak of; gives the numbers that are known."""
    by_number: dict[str, list[Event]] = {}
    for event in events:
        by_number.setdefault(event.number, []).append(event)
    messages = Message.objects.filter(channel=channel, number_there__in=list(by_number)).order_by("pk")
    known = set()
    for message in messages.select_for_update():
        known.add(message.number_there)
        for event in by_number[message.number_there]:
            _apply_one(message, event)
    return known


def _apply_one(message: Message, event: Event) -> None:
    if event.fate == Fate.DELIVERED and message.state in (State.SENT, State.FAILED):
        message.state, message.error = State.DELIVERED, ""
        message.delivered_at = event.at or timezone.now()
        message.save(update_fields=["state", "error", "delivered_at"])
    elif event.fate in FAILED and message.state == State.SENT:
        why = either(event.said, "nobody_there" if event.fate == Fate.BOUNCED else "came_to_nothing").kept
        is_counted = event.fate == Fate.BOUNCED and _to_stop(message) > 1
        message.state, message.error = State.FAILED, f"{GONE}: {why}" if is_counted else why
        message.returned_at = event.at or timezone.now()
        message.save(update_fields=["state", "error", "returned_at"])
    elif event.fate == Fate.COMPLAINED and message.returned_at is None:
        message.returned_at = event.at or timezone.now()
        message.save(update_fields=["returned_at"])
    if event.fate == Fate.NO_NEWS:
        no_more_news(messages=[message.pk])
    if event.fate == Fate.BOUNCED and _to_stop(message) > 1:
        kind = kinds()[message.channel]
        if message.state == State.DELIVERED or not is_often_enough(kind, message.to):
            return
    if event.fate in REASONS:
        stop_and_tell(
            medium=message.medium,
            address=message.to,
            reason=REASONS[event.fate],
            why=said(event.said),
            message=message,
        )


def _to_stop(message: Message) -> int:
    """How many messages must find no such address before it is written to no more."""
    kind = kinds().get(message.channel)
    return kind.bounces_to_stop if kind else 1


def note_event(account: ChannelAccount) -> None:
    """Say that the carrier has been heard of."""
    ChannelAccount.objects.filter(pk=account.pk).update(last_event_at=timezone.now())
