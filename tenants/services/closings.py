"""Closing an ISP: off the air at once, deleted after a time of grace in which it can still be taken back."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from core.audit import Actor, record
from tenants import directory
from tenants.models import ISP, Closing, Deletion, StaffUser

GRACE = timedelta(days=30)


class AlreadyClosed(Exception):
    """The ISP is closed already."""


class NotClosed(Exception):
    """The ISP is not closed."""


class TooLate(Exception):
    """The deletion has begun."""


def close(*, isp: ISP, reason: str, by: StaffUser | None, grace: timedelta = GRACE) -> Closing:
    """Close an ISP: its hosts answer neutrally, its staff read why and until when. Raises AlreadyClosed.

    After `grace` it is deleted, see deletions.delete. Other processes follow within seconds.
    """
    ISP.objects.select_for_update().get(pk=isp.pk)
    if isp.closings.running().exists():  # type: ignore[attr-defined]
        raise AlreadyClosed
    closing = Closing.objects.create(isp=isp, reason=reason, asked_by=by, ends_at=timezone.now() + grace)
    record("tenants.isp.closed", by=by, on=isp, reason=reason, ends_at=closing.ends_at.isoformat())
    transaction.on_commit(directory.forget_all)
    return closing


def cancel_closing(*, isp: ISP, by: Actor | None) -> Closing:
    """Open a closed ISP again, as long as its deletion has not begun. Raises NotClosed, TooLate."""
    found = ISP.objects.select_for_update().filter(pk=isp.pk).first()
    if found is None or Deletion.objects.filter(isp_id=isp.pk).exists():
        raise TooLate
    closing = Closing.objects.running().filter(isp=found).first()
    if closing is None:
        raise NotClosed
    closing.cancelled_at = timezone.now()
    closing.cancelled_by = by if isinstance(by, StaffUser) else None
    closing.save(update_fields=["cancelled_at", "cancelled_by"])
    record("tenants.isp.opened_again", by=by, on=isp)
    transaction.on_commit(directory.forget_all)
    return closing
