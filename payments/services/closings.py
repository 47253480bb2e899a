"""Closing the cash desk: one clerk's day, counted against what was registered. A closed day takes nothing more."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from zlib import crc32

from django.db import connection, transaction
from django.utils import timezone

from core.acting import in_own_name
from core.audit import Actor, record, written_by
from core.scope import required
from payments.desk import STAFF, sums
from payments.models import CashClosing, CashClosingLine

_BITS = 0x7FFF_FFFF  # an advisory lock is named by two signed numbers of 32 bits


class DeskClosed(Exception):
    """The clerk has closed the cash desk for today."""


class CannotClose(Exception):
    """The day cannot be closed as asked: it is closed already, it is still to come, or nothing was registered."""


class Moved(CannotClose):
    """Something was registered since the clerk saw the sums."""


class NeedsReason(CannotClose):
    """What was counted differs from what was registered, and nobody says why."""


def check_open(*, by: Actor | None) -> None:
    """Keep a clerk's day open until the end of the transaction. Raises DeskClosed where it is closed.

    Clerks do not wait for each other here, nor for themselves; only a closing waits for them, and they for it.
    """
    if by is None or by.audit_kind != STAFF:
        return
    _lock(by.pk, shared=True)
    if CashClosing.objects.filter(clerk_id=by.pk, on=timezone.localdate()).exists():
        raise DeskClosed


def _lock(clerk_id: int, *, shared: bool) -> None:
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    name = crc32(f"cash:{required().label}".encode()) & _BITS
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [name, clerk_id & _BITS])


@transaction.atomic
def close_desk(
    *,
    by: Actor,
    clerk: Actor,
    on: date,
    counted: Mapping[str, Decimal],
    seen: Decimal,
    currency: str,
    reason: str = "",
) -> CashClosing:
    """Close a clerk's day with what was counted of each method, by `DeskSum.key`; `seen` is the sum that was shown.

    Raises NeedsReason for a difference without one, Moved where more came in since, CannotClose, InAnothersName.
    """
    in_own_name()
    _lock(clerk.pk, shared=False)
    found = sums(clerk_id=clerk.pk, on=on)
    if not found or on > timezone.localdate() or CashClosing.objects.filter(clerk_id=clerk.pk, on=on).exists():
        raise CannotClose
    registered = sum((each.amount for each in found), Decimal(0))
    if set(counted) != {each.key for each in found} or registered != seen:
        raise Moved
    if any(counted[each.key] != each.amount for each in found) and not reason.strip():
        raise NeedsReason
    closing = CashClosing.objects.create(
        clerk_id=clerk.pk,
        clerk_name=clerk.audit_label[:200],
        on=on,
        currency=currency,
        registered=registered,
        counted=sum(counted.values(), Decimal(0)),
        reason=reason.strip()[:300],
        **written_by(by),
    )
    CashClosingLine.objects.bulk_create(
        CashClosingLine(
            closing=closing,
            method=each.method,
            name=each.method.name if each.method else "",
            payments=each.payments,
            paid_back=each.paid_back,
            registered=each.amount,
            counted=counted[each.key],
        )
        for each in found
    )
    record(
        "payments.desk.closed",
        by=by,
        on=closing,
        day=on.isoformat(),
        who=closing.clerk_name,
        amount=str(closing.counted),
        difference=str(closing.difference),
        reason=closing.reason,
    )
    return closing
