"""For how long messages are kept."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from core.audit import Actor, record
from core.changes import Changes, set_fields
from messaging.models import Message, MessageSettings, ReceivedMessage

MONTH = timedelta(days=30.5)
FORGET = 5000  # messages in a transaction


@transaction.atomic
def change_message_settings(*, by: Actor, values: Mapping[str, Any]) -> Changes:
    """Set for how long messages are kept."""
    row = MessageSettings.locked()
    if changes := set_fields(row, values):
        record("messaging.settings.changed", by=by, on=row, changes=changes)
    return changes


def forget_old_mails(*, at: datetime) -> int:
    """Delete a part of the messages, sent and received, that are over and too old for the ISP; gives how many went."""
    months = MessageSettings.load().kept_months
    if not months:
        return 0
    over = Message.objects.over().filter(created_at__lt=at - months * MONTH)
    keys = list(over.order_by("created_at").values_list("pk", flat=True)[:FORGET])
    heard = ReceivedMessage.objects.filter(received_at__lt=at - months * MONTH).order_by("received_at")
    gone = ReceivedMessage.objects.filter(pk__in=list(heard.values_list("pk", flat=True)[:FORGET])).delete()[0]
    return gone + Message.objects.filter(pk__in=keys).delete()[0]
