"""What people write to the ISP: kept for staff to read, and done where it is a word that asks for something.

Carriers bring it twice, late, and now and then after what was written later. So a message is known by its number there,
or, without one, by being what the same sender wrote last, a moment ago; and a word that came late does not undo what
was asked for after it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from company.phones import BadPhone, stored
from messaging.channels.base import Incoming
from messaging.channels.outside import storable
from messaging.channels.reasons import WROTE, said
from messaging.channels.words import Word, word_of
from messaging.models import Message, ReceivedMessage, StoppedAddress
from messaging.outbox.stops import lift_own, stop_and_tell
from messaging.phones import E164, spellings
from messaging.reader import current_isp

LONGEST = 2000  # characters that are kept
AGAIN = timedelta(minutes=10)  # in which the same text without a number is the same message
SKEW = timedelta(minutes=10)  # between the carrier's clock and ours
DAY = timedelta(days=1)
HOLD = "SELECT pg_advisory_xact_lock(hashtext(current_schema() || ':received'), hashtext(%s))"
A_DAY = 50  # messages of one sender that are kept in it; words count however many came


def take(*, channel: str, medium: str, incoming: Sequence[Incoming]) -> bool:
    """Write down what people wrote. Whether some of it has to be confirmed. In a transaction."""
    if not incoming:
        return False
    country, now = current_isp().country, timezone.now()
    # In one order, since each sender is held until the end of the transaction.
    found = sorted(((_address(each.sender, country), each) for each in incoming), key=lambda pair: pair[0])
    to_confirm = [_take_one(channel, medium, sender, each, now) for sender, each in found]
    return any(to_confirm)


def _take_one(channel: str, medium: str, sender: str, said: Incoming, now: datetime) -> bool:
    if not sender:
        return False
    _hold(sender)
    text = storable(said.text.replace("\0", "")).strip()
    at = min(said.at or now, now)
    theirs = ReceivedMessage.objects.filter(channel=channel, sender=sender)
    if _is_known(channel, theirs, storable(said.number)[:160], text, now):
        return False
    row = ReceivedMessage(
        medium=medium,
        channel=channel,
        number_there=storable(said.number)[:160],
        sender=sender,
        text=text[:LONGEST],
        word=said.word or word_of(text) or "",
        at=at,
        received_at=now,
    )
    is_done = bool(row.word) and _do(row, theirs)
    row.is_to_confirm = is_done and not said.is_confirmed
    if theirs.filter(received_at__gt=now - DAY).count() < A_DAY:
        row.save()
        return row.is_to_confirm
    return False


def _is_known(channel: str, theirs: QuerySet[ReceivedMessage], number: str, text: str, now: datetime) -> bool:
    """Whether a message has come before. Without a number only the sender's last one can be the same: of STOP, START
    and STOP within a moment all count."""
    if number:
        return ReceivedMessage.objects.filter(channel=channel, number_there=number).exists()
    last = theirs.order_by("-received_at", "-pk").first()
    return last is not None and last.received_at > now - AGAIN and last.text == text[:LONGEST]


def _do(row: ReceivedMessage, theirs: QuerySet[ReceivedMessage]) -> bool:
    """Do what a word asks for. Whether that changed anything that the person should be told of."""
    if not E164.fullmatch(row.sender) or theirs.exclude(word="").filter(at__gt=row.at).exists():
        return False
    addresses = spellings(row.sender)
    if row.word == Word.START:
        return lift_own(medium=row.medium, addresses=addresses, at=row.at + SKEW)
    written = Message.objects.filter(medium=row.medium, to__in=addresses).order_by()
    known = set(written.values_list("to", flat=True).distinct())
    stopped = [
        stop_and_tell(
            medium=row.medium, address=address, reason=StoppedAddress.Reason.OPT_OUT, why=said(row.text, WROTE)
        )
        for address in sorted(known or {row.sender})
    ]
    # Somebody who was never written to is not written to for the first time because they want nothing.
    return bool(known) and any(stopped)


def _address(sender: str, country: str) -> str:
    """A sender as numbers are kept; what is none stays as it is, such as a short number or a name."""
    sender = " ".join(storable(sender).split())[:64]
    try:
        return stored(sender, country=country)
    except BadPhone:
        return sender


def _hold(sender: str) -> None:
    """One message of a sender at a time, so that of two that come twice at once one is known."""
    with connection.cursor() as cursor:
        cursor.execute(HOLD, [sender])
