"""A carrier calls us back: it is believed if it can prove that it is the carrier."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import F

from messaging.channels.base import Forged
from messaging.models import ChannelAccount
from messaging.senders import callback_address
from messaging.services.answers import take_events


class Unknown(Exception):
    """Nobody is connected at that address."""


def take_callback(
    *, account: UUID, method: str, query: str, body: bytes, headers: Mapping[str, str], at: datetime
) -> None:
    """Write down what a carrier tells of messages. Raises Unknown, and Forged, which is counted."""
    row = _known(account)
    address = callback_address(row)
    url = f"{address}?{query}" if query else address
    channel = row.open(callback_url=address)
    try:
        events = channel.events(method=method, url=url, body=body, headers=headers)
    except Forged:
        _count_forged(row, at)
        raise
    finally:
        channel.close()
    take_events(row, events)


def greet(*, account: UUID, query: Mapping[str, str], at: datetime) -> str | None:
    """What to answer a carrier that asks whether the address is ours; None if it does not. Raises Unknown, Forged."""
    row = _known(account)
    try:
        return row.open().greeting(query)
    except Forged:
        _count_forged(row, at)
        raise


def _count_forged(row: ChannelAccount, at: datetime) -> None:
    ChannelAccount.objects.filter(pk=row.pk).update(forged=F("forged") + 1, forged_at=at)


def _known(account: UUID) -> ChannelAccount:
    row = ChannelAccount.objects.filter(uuid=account).first()
    if row is None or row.kind is None or not row.kind.calls_back:
        raise Unknown
    return row
