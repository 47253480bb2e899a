"""Getting a service back on the strength of a report: for some days, once in a period, within a cap."""

from datetime import datetime, timedelta

from billing import clock
from billing.models import Grace
from billing.services import reliefs
from core.audit import Actor
from payments.models import PaymentReport, PaymentSettings

PREFIX = "report:"


def key_of(report: PaymentReport) -> str:
    """What a grace for a report is known by."""
    return f"{PREFIX}{report.uuid}"


def give_grace(*, by: Actor | None, report: PaymentReport, at: datetime) -> Grace | None:
    """Give the subscriber of a new report some days, if the ISP wants that and the report is worth it.

    It has to cover all that is overdue, which is no more than the ISP's cap, and no other report of this month was
    given days. The caller holds the subscriber's lock.
    """
    rules = PaymentSettings.load()
    if not rules.reactivates:
        return None
    overdue = reliefs.overdue_of(report.subscriber, at=at)
    is_covered = 0 < overdue <= report.amount
    if not is_covered or (rules.grace_cap is not None and overdue > rules.grace_cap):
        return None
    today = clock.today(at)
    given = Grace.objects.filter(subscriber=report.subscriber, key__startswith=PREFIX)
    if any(clock.today(each) >= today.replace(day=1) for each in given.values_list("at", flat=True)):
        return None
    return reliefs.grant_grace(
        by=by,
        subscriber=report.subscriber,
        until=today + timedelta(days=rules.grace_days),
        reason=f"{report.amount} {report.currency} · {report.method}",
        key=key_of(report),
        at=at,
    )


def end_grace(*, by: Actor | None, report: PaymentReport, why: str, at: datetime) -> bool:
    """End the days that a report was given, at once. Whether there were any."""
    return reliefs.end_grace(by=by, key=key_of(report), why=why, at=at)
