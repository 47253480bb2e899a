"""The runs that begin by themselves, on the ISP's day and hour."""

import zoneinfo
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction

from billing.models import BillingRun, BillingSettings, GroupBilling
from billing.periods import cycle_at
from billing.services import runs
from company.models import InvoiceGroup
from tenants.directory import IspRef


def run_day(on: date, *, billing_day: int, lead_days: int) -> date:
    """The last day, not after `on`, on which the schedule makes invoices."""
    return cycle_at(on + timedelta(days=lead_days), months=1, billing_day=billing_day).first - timedelta(days=lead_days)


def next_day(on: date, *, billing_day: int, lead_days: int) -> date:
    """The next day after `on` on which the schedule makes invoices."""
    lead = timedelta(days=lead_days)
    return cycle_at(on + lead, months=1, billing_day=billing_day).last + timedelta(days=1) - lead


def _scopes(settings: BillingSettings) -> Iterator[tuple[InvoiceGroup | None, int]]:
    """Who is billed together: everybody, and each group that has a billing day of its own. One query."""
    yield None, settings.billing_day
    for own in GroupBilling.objects.exclude(billing_day=None).select_related("group"):
        if own.billing_day:
            yield own.group, own.billing_day


LATE = timedelta(days=3)  # a run that could not begin on its day, as when all was down, begins until then


def begin_due(*, isp: IspRef, at: datetime) -> list[BillingRun]:
    """Plan the runs whose day and hour have come in the ISP's time zone, each once. In a transaction."""
    settings = BillingSettings.load()
    if not settings.is_automatic:
        return []
    local = at.astimezone(zoneinfo.ZoneInfo(isp.timezone))
    lead, begun = settings.lead_days if settings.in_advance else 0, []
    for group, billing_day in _scopes(settings):
        day = run_day(local.date(), billing_day=billing_day, lead_days=lead)
        hour = datetime(day.year, day.month, day.day, settings.hour, tzinfo=local.tzinfo)
        if local < hour or local - hour > LATE:
            continue
        if BillingRun.objects.filter(scheduled_for=day, group=group).exists():
            continue
        try:
            with transaction.atomic():
                begun.append(runs.plan_run(by=None, isp=isp, on=local.date(), group=group, scheduled_for=day))
        except IntegrityError:
            continue  # another process was quicker
    return begun
