"""Getting services back on the strength of a report: for some days, once in a period, within a cap."""

from datetime import datetime, timedelta

from django.db.models import Q

from billing import clock
from billing.models import Grace
from billing.services import reliefs
from core.audit import Actor
from payments.models import PaymentReport, PaymentSettings
from subscribers.models import Service

PREFIX = "report:"


def key_of(report: PaymentReport) -> str:
    """What the graces for a report are known by: each has this and its service."""
    return f"{PREFIX}{report.uuid}"


def give_graces(*, by: Actor | None, report: PaymentReport, at: datetime) -> list[Grace]:
    """Give the services of a new report's subscriber some days, if the ISP wants that and the report is worth it.

    It has to cover all that is overdue, which is no more than the ISP's cap. Each service says for itself whether it
    comes back, or else the ISP does, and it does once in a month. The caller holds the subscriber's lock.
    """
    rules = PaymentSettings.load()
    services = _willing(report, rules)
    if not services:
        return []
    overdue = reliefs.overdue_of(report.subscriber, at=at)
    is_covered = 0 < overdue <= report.amount
    if not is_covered or (rules.grace_cap is not None and overdue > rules.grace_cap):
        return []
    today = clock.today(at)
    given = Grace.objects.filter(subscriber=report.subscriber, key__startswith=PREFIX)
    before = [row for row in given if clock.today(row.at) >= today.replace(day=1)]
    if any(row.service_id is None for row in before):
        return []
    return [
        reliefs.grant_grace(
            by=by,
            subscriber=report.subscriber,
            service=service,
            until=today + timedelta(days=rules.grace_days),
            reason=f"{report.amount} {report.currency} · {report.method}",
            key=f"{key_of(report)}:{service.number}",
            at=at,
        )
        for service in services
        if all(row.service_id != service.pk for row in before)
    ]


def _willing(report: PaymentReport, rules: PaymentSettings) -> list[Service]:
    """The services that a report may bring back, by their own word or else the ISP's. One query."""
    wanted = Q(back_on_report=True)
    if rules.reactivates:
        wanted |= Q(back_on_report=None)
    of_theirs = Service.objects.filter(wanted, subscriber=report.subscriber_id)
    return list(of_theirs.filter(state__in=[Service.State.ACTIVE, Service.State.SUSPENDED]).order_by("pk"))


def end_graces(*, by: Actor | None, report: PaymentReport, why: str, at: datetime) -> bool:
    """End the days that a report was given, at once. Whether there were any."""
    return reliefs.end_grace(by=by, key=key_of(report), why=why, at=at)
