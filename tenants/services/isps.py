"""What the operator does with ISPs: takes one off the air, and puts it back."""

from django.utils import timezone

from core.audit import record
from tenants import directory
from tenants.models import ISP, IspSuspension, StaffUser


class AlreadySuspended(Exception):
    """The ISP is off the air already."""


class NotSuspended(Exception):
    """The ISP is on the air."""


def suspend(*, isp: ISP, reason: str, by: StaffUser) -> IspSuspension:
    """Take an ISP off the air: portal and tasks stop, staff are told why. Raises AlreadySuspended.

    Other processes follow within seconds, when their caches run out.
    """
    ISP.objects.select_for_update().get(pk=isp.pk)
    if isp.suspensions.running().exists():
        raise AlreadySuspended
    suspension = IspSuspension.objects.create(isp=isp, reason=reason, started_by=by)
    record("tenants.isp.suspended", by=by, on=isp, reason=reason)
    directory.forget_all()
    return suspension


def resume(*, isp: ISP, by: StaffUser) -> IspSuspension:
    """Put an ISP back on the air. Raises NotSuspended."""
    ISP.objects.select_for_update().get(pk=isp.pk)
    suspension = isp.suspensions.running().first()
    if suspension is None:
        raise NotSuspended
    suspension.ended_at, suspension.ended_by = timezone.now(), by
    suspension.save(update_fields=["ended_at", "ended_by"])
    record("tenants.isp.resumed", by=by, on=isp)
    directory.forget_all()
    return suspension
