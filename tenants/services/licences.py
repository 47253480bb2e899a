"""The licence plan of an ISP, as the operator gives it."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from core.audit import record
from tenants.models import ISP, Licence, StaffUser
from tenants.plans import LIMITS, Plan, plan_of


class SamePlan(Exception):
    """The ISP has this plan already."""


def change_plan(*, isp: ISP, plan: Plan, by: StaffUser | None, at: datetime | None = None) -> Licence:
    """Give an ISP another plan from now on. Raises SamePlan.

    With a plan that includes less, what is too much keeps working for PLAN_GRACE_DAYS; a grace that runs goes on
    otherwise. What follows from it for the ISP's domains, domains.plans does within a minute.
    """
    at = at or timezone.now()
    ISP.objects.select_for_update().get(pk=isp.pk)
    old, before = Licence.objects.running().filter(isp=isp).first(), plan_of(isp)
    if old and old.plan == plan:
        raise SamePlan
    grace_until = old.grace_until if old else None
    if LIMITS[plan].domains < LIMITS[before].domains:
        grace_until = at + timedelta(days=settings.PLAN_GRACE_DAYS)
    Licence.objects.running().filter(isp=isp).update(ended_at=at, next_look_at=None)
    licence = Licence.objects.create(isp=isp, plan=plan, since=at, by=by, grace_until=grace_until, next_look_at=at)
    record("tenants.isp.plan_changed", by=by, on=isp, before=str(before), after=str(plan))
    return licence
