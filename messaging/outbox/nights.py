"""Quiet hours of what should have gone before they began: a long queue, or a carrier that was away until night."""

from datetime import datetime

from django.db.models import F, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from messaging.events import many
from messaging.models import Medium, Message, QuietHours
from messaging.occasions import EVENTS
from messaging.reader import current_isp
from messaging.rules import end_of_quiet

# What waits for the morning; a visit of today, or what one customer wrote to another, does not.
WAITING = [name for name, event in EVENTS.items() if event.waits and not event.is_urgent] + [many.NAME]


def hold_for_the_night(*, medium: str, at: datetime) -> int:
    """Have what is due and rings wait for the morning where it is night by now; gives how much. In a transaction.

    The clock is that of who gets it: the message keeps it where it is not the ISP's. Two queries by day.
    """
    hours = QuietHours.load()
    if hours.begins is None or (medium == Medium.EMAIL and not hours.holds_mail):
        return 0
    # What is being sent and due is nobody's: its process died.
    late = Message.objects.due(at).filter(medium=medium, lane__gt=Message.Lane.URGENT, occasion__in=WAITING)
    late = late.annotate(zone=Coalesce(KeyTextTransform("zone", F("data")), Value("", TextField())))
    held = 0
    for zone in set(late.order_by().values_list("zone", flat=True).distinct()):
        until = end_of_quiet(hours, at=at, timezone=zone or current_isp().timezone)
        if until > at:
            held += late.filter(zone=zone).update(due_at=until, state=Message.State.WAITING)
    return held
