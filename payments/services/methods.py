"""What staff do with the ways to pay that an ISP offers."""

from collections.abc import Mapping
from typing import Any, Literal

from django.db import transaction
from django.db.models import Max

from company.models import InvoiceGroup
from core.audit import Actor, record
from core.changes import Changes, set_fields
from payments.models import PaymentMethod

Direction = Literal["up", "down"]


@transaction.atomic
def add_payment_method(*, values: Mapping[str, Any], by: Actor) -> PaymentMethod:
    """Offer another way to pay, behind those that are there."""
    values, groups = _apart(values)
    last = PaymentMethod.objects.aggregate(last=Max("position"))["last"]
    method = PaymentMethod.objects.create(**values, position=0 if last is None else last + 1)
    method.groups.set(groups)
    record("payments.method.added", by=by, on=method, name=method.name)
    return method


@transaction.atomic
def change_payment_method(*, method: PaymentMethod, values: Mapping[str, Any], by: Actor) -> Changes:
    """Set fields of a way to pay; what changed is returned, and audited with before and after."""
    values, groups = _apart(values)
    method = PaymentMethod.objects.select_for_update().get(pk=method.pk)
    changes = set_fields(method, values)
    before = sorted(map(str, method.groups.all()))
    if before != (after := sorted(map(str, groups))):
        method.groups.set(groups)
        changes["groups"] = [", ".join(before), ", ".join(after)]
    if changes:
        record("payments.method.changed", by=by, on=method, name=method.name, changes=changes)
    return changes


def _apart(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[InvoiceGroup]]:
    """The columns, and the groups for which the method holds."""
    columns = dict(values)
    return columns, list(columns.pop("groups", ()))


@transaction.atomic
def switch_payment_method(*, method: PaymentMethod, is_active: bool, by: Actor) -> None:
    """Take a way to pay out of use, or back into it. It is never deleted, since payments will name it."""
    method = PaymentMethod.objects.select_for_update().get(pk=method.pk)
    if method.is_active == is_active:
        return
    method.is_active = is_active
    method.save(update_fields=["is_active"])
    record("payments.method.resumed" if is_active else "payments.method.retired", by=by, on=method, name=method.name)


@transaction.atomic
def move_payment_method(*, method: PaymentMethod, direction: Direction, by: Actor) -> bool:
    """Change places with the neighbour above or below, and say whether there was one."""
    methods = list(PaymentMethod.objects.select_for_update())
    place = methods.index(method)
    other = place - 1 if direction == "up" else place + 1
    if not 0 <= other < len(methods):
        return False
    methods[place], methods[other] = methods[other], methods[place]
    for position, each in enumerate(methods):
        each.position = position
    PaymentMethod.objects.bulk_update(methods, ["position"])
    record("payments.method.moved", by=by, on=method, name=method.name, direction=direction)
    return True
