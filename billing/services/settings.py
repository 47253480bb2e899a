"""What is done with the settings of billing, and with discounts."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.models import BillingSettings, Discount, GroupBilling
from company.models import InvoiceGroup
from core.acting import in_own_name
from core.audit import Actor, record, written_by
from core.changes import Changes, set_fields
from subscribers.models import Service


@transaction.atomic
def change_settings(*, by: Actor | None, values: Mapping[str, Any]) -> Changes:
    """Set how the ISP bills. What is billed already stays as it is."""
    settings = BillingSettings.locked()
    if changes := set_fields(settings, values):
        record("billing.settings.changed", by=by, on=settings, changes=changes)
    return changes


@transaction.atomic
def change_group(
    *, by: Actor | None, group: InvoiceGroup, billing_day: int | None, due_days: int | None
) -> GroupBilling | None:
    """Say what holds for an invoice group instead; with nothing said, the ISP's own settings hold."""
    if billing_day is None and due_days is None:
        gone, _ = GroupBilling.objects.filter(group=group).delete()
        if gone:
            record("billing.group.changed", by=by, on=group, group=str(group), billing_day="", due_days="")
        return None
    row, _made = GroupBilling.objects.update_or_create(
        group=group, defaults={"billing_day": billing_day, "due_days": due_days}
    )
    record("billing.group.changed", by=by, on=group, group=str(group), billing_day=billing_day, due_days=due_days)
    return row


@transaction.atomic
def give_discount(
    *,
    by: Actor | None,
    service: Service,
    reason: str,
    starts_on: date,
    ends_on: date | None = None,
    percent: Decimal | None = None,
    amount: Decimal | None = None,
) -> Discount:
    """Take something off the price of a service, for days that are not billed yet. Raises InAnothersName."""
    in_own_name()
    discount = Discount.objects.create(
        service=service,
        reason=reason,
        starts_on=starts_on,
        ends_on=ends_on,
        percent=percent,
        amount=amount,
        **written_by(by),
    )
    record(
        "billing.discount.given",
        by=by,
        on=service,
        number=service.number,
        reason=reason,
        percent="" if percent is None else str(percent),
        amount="" if amount is None else str(amount),
    )
    return discount


@transaction.atomic
def end_discount(*, by: Actor | None, discount: Discount, on: date) -> bool:
    """Have a discount end with a day; one that would only begin later goes. Whether there was something to end."""
    in_own_name()
    discount = Discount.objects.select_for_update(of=("self",)).select_related("service").get(pk=discount.pk)
    if discount.ends_on and discount.ends_on <= on:
        return False
    record(
        "billing.discount.ended",
        by=by,
        on=discount.service,
        number=discount.service.number,
        reason=discount.reason,
        date=on.isoformat(),
    )
    if discount.starts_on > on:
        discount.delete()
    else:
        Discount.objects.filter(pk=discount.pk).update(ends_on=on)
    return True
