"""What the operator does with ISPs: suspends one, and ends the suspension."""

from django.utils import timezone

from core.audit import record
from tenants import directory
from tenants.models import ISP, IspSuspension, StaffUser


class AlreadySuspended(Exception):
    """The ISP is suspended already."""


class NotSuspended(Exception):
    """The ISP is not suspended."""


def suspend(*, isp: ISP, reason: str, by: StaffUser) -> IspSuspension:
    """Suspend an ISP: portal and tasks stop, staff are told why. Raises AlreadySuspended.

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
    """End the suspension of an ISP. Raises NotSuspended."""
    ISP.objects.select_for_update().get(pk=isp.pk)
    suspension = isp.suspensions.running().first()
    if suspension is None:
        raise NotSuspended
    suspension.ended_at, suspension.ended_by = timezone.now(), by
    suspension.save(update_fields=["ended_at", "ended_by"])
    record("tenants.isp.resumed", by=by, on=isp)
    directory.forget_all()
    return suspension
