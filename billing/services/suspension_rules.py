"""What staff decide on once: rules, bounds, days off, reminders."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction

from billing.models import Holiday, ReminderRule, SuspensionRule, SuspensionSettings
from company.models import InvoiceGroup
from core.audit import Actor, record
from core.changes import Changes, set_fields

# What is usual, offered on the page: before, on and after the due date.
USUAL_REMINDERS = (-3, 1, 7)


class AlreadyThere(Exception):
    """There is one for this group, day or number of days."""


@transaction.atomic
def add_rule(*, by: Actor, group: InvoiceGroup | None, values: Mapping[str, Any]) -> SuspensionRule:
    """Make a rule for a group, or for all others. Raises AlreadyThere."""
    try:
        with transaction.atomic():
            rule = SuspensionRule.objects.create(group=group, **values)
    except IntegrityError as error:
        raise AlreadyThere from error
    record("billing.suspension_rule.added", by=by, on=rule, name=str(rule))
    return rule


@transaction.atomic
def change_rule(*, by: Actor, rule: SuspensionRule, values: Mapping[str, Any]) -> Changes:
    """Set fields of a rule. Suspensions that are there keep to what it said when they began."""
    rule = SuspensionRule.objects.select_for_update(of=("self",)).select_related("group").get(pk=rule.pk)
    if changes := set_fields(rule, values):
        record("billing.suspension_rule.changed", by=by, on=rule, name=str(rule), changes=changes)
    return changes


@transaction.atomic
def delete_rule(*, by: Actor, rule: SuspensionRule) -> None:
    """Remove a rule. Who is cut off by it stays so until the debt is paid."""
    record("billing.suspension_rule.deleted", by=by, on=rule, name=str(rule))
    rule.delete()


@transaction.atomic
def change_settings(*, by: Actor, values: Mapping[str, Any]) -> Changes:
    """Set bounds, and what subscribers may do by themselves."""
    if changes := set_fields(SuspensionSettings.locked(), values):
        record("billing.suspension_settings.changed", by=by, changes=changes)
    return changes


@transaction.atomic
def add_holiday(*, by: Actor, on: date, name: str) -> Holiday:
    """Keep a day free of suspensions. Raises AlreadyThere."""
    row, is_new = Holiday.objects.get_or_create(on=on, defaults={"name": name})
    if not is_new:
        raise AlreadyThere
    record("billing.holiday.added", by=by, on=row, day=on.isoformat(), name=name)
    return row


@transaction.atomic
def remove_holiday(*, by: Actor, row: Holiday) -> None:
    record("billing.holiday.removed", by=by, on=row, day=row.on.isoformat(), name=row.name)
    row.delete()


@transaction.atomic
def add_reminder(*, by: Actor, days: int) -> ReminderRule:
    """Send a mail so many days after the due date, or before it if below zero. Raises AlreadyThere."""
    row, is_new = ReminderRule.objects.get_or_create(days=days)
    if not is_new:
        raise AlreadyThere
    record("billing.reminder.added", by=by, on=row, days=days)
    return row


@transaction.atomic
def switch_reminder(*, by: Actor, row: ReminderRule, is_on: bool) -> None:
    """Send a reminder, or do not; who got it already does not get it again."""
    if ReminderRule.objects.filter(pk=row.pk).exclude(is_on=is_on).update(is_on=is_on):
        verb = "billing.reminder.switched_on" if is_on else "billing.reminder.switched_off"
        record(verb, by=by, on=row, days=row.days)
