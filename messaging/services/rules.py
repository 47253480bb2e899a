"""How an ISP has its events told."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from core.audit import Actor, record
from core.changes import Changes, set_fields
from messaging.events.base import Event
from messaging.models import EventRule, QuietHours
from messaging.occasions import name_of


class CannotBeOff(Exception):
    """Nobody could sign in any more, or would hear of what was done with their data."""


@transaction.atomic
def change_rule(*, by: Actor, event: Event, is_on: bool, media: Sequence[str], takes_all: bool) -> Changes:
    """Set by which media, in this order, an event is told, by all or the first. Raises CannotBeOff."""
    if not is_on and not event.may_be_off:
        raise CannotBeOff
    EventRule.objects.get_or_create(event=event.name, defaults={"media": ["email"]})
    row = EventRule.objects.select_for_update().get(event=event.name)
    kept = [str(each) for each in media if each in event.media]
    if changes := set_fields(row, {"is_on": is_on, "media": kept, "takes_all": takes_all}):
        record("messaging.rule.changed", by=by, on=row, title=str(name_of(event.name)), changes=changes)
    return changes


@transaction.atomic
def change_quiet_hours(*, by: Actor, values: Mapping[str, Any]) -> Changes:
    """Set when what is not urgent waits."""
    row = QuietHours.locked()
    if changes := set_fields(row, values):
        record("messaging.quiet_hours.changed", by=by, on=row, changes=changes)
    return changes
