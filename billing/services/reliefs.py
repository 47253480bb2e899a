"""Keeping services on although something is owed: exceptions, promises, instalments, time for a reported payment."""

from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone, translation

from billing import clock
from billing.models import (
    Grace,
    Instalment,
    InstalmentPlan,
    LedgerEntry,
    Promise,
    Suspension,
    SuspensionException,
    SuspensionSettings,
)
from billing.services import suspensions
from core.acting import in_own_name
from core.audit import Actor, record, written_by
from subscribers.models import Service, Subscriber

CENT = Decimal("0.01")
STAFF_DAYS = 60  # that staff may let a promise run
PLAN_DAYS = 400
BY_HAND_DAYS = 3  # that a service which was switched on by hand stays on
State = InstalmentPlan.State


class CannotPromise(Exception):
    """No promise can be given: `reason` is off, nothing, much, long, past, again or plan."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CannotAgree(Exception):
    """No instalments: `reason` is off, nothing, parts, dates, again or gone."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def overdue_of(subscriber: Subscriber, *, at: datetime) -> Decimal:
    """What a subscriber should have paid before today. One query."""
    debts = LedgerEntry.objects.filter(subscriber=subscriber).overdue(on=clock.today(at))
    return debts.order_by().aggregate(sum=Sum("open"))["sum"] or Decimal(0)


@transaction.atomic
def grant_grace(
    *,
    by: Actor | None,
    subscriber: Subscriber,
    until: date,
    reason: str,
    key: str,
    at: datetime | None = None,
    service: Service | None = None,
) -> Grace:
    """Give somebody time until a date of the ISP, the last day included, and switch on what is off for debt: one
    service, or without one all of them.

    `key` names what it is for, such as a payment report; the same key gives the grace that is there. Raises Erased.
    """
    at = at or timezone.now()
    Subscriber.objects.lock_to_add(subscriber.pk)
    if found := Grace.objects.filter(key=key).first():
        return found
    grace = Grace.objects.create(
        subscriber=subscriber, service=service, until=until, reason=reason[:200], key=key, **written_by(by)
    )
    of_one = {"service": service.number} if service else {}
    record(
        "billing.grace.granted",
        by=by,
        on=grace,
        subscriber=subscriber.number,
        **of_one,
        until=until.isoformat(),
        reason=reason,
    )
    suspensions.reconsider(subscriber=subscriber, by=by, at=at)
    return grace


@transaction.atomic
def end_grace(*, key: str, why: str, by: Actor | None = None, at: datetime | None = None) -> bool:
    """Take the time back, as when a report is rejected: what it had switched on is off again at once if still owed.

    Of a key that was divided by services all parts end. Whether there was a grace of that key that had not ended.
    """
    at = at or timezone.now()
    graces = list(Grace.objects.named(key).filter(ended_at=None).select_related("subscriber").order_by("pk"))
    if not graces:
        return False
    Subscriber.objects.lock_to_add(graces[0].subscriber_id)
    standing = Grace.objects.filter(pk__in=[grace.pk for grace in graces], ended_at=None)
    if not standing.update(ended_at=at, ended_why=why[:200]):
        return False
    for grace in graces:
        record("billing.grace.ended", by=by, on=grace, subscriber=grace.subscriber.number, reason=why)
    suspensions.cut_again(graces=graces, at=at)
    return True


@transaction.atomic
def note_resumed(*, at: datetime, by: Actor | None = None, subscriber: Subscriber | None = None) -> int:
    """End the records of services that were switched on or ended by other means, as on their page; of one subscriber,
    or of all. Gives how many.

    Whoever switched one on by hand had a reason: that service is given some days before a run looks again.
    """
    stale = Suspension.objects.running().exclude(service__state=Service.State.SUSPENDED)
    if subscriber is not None:
        stale = stale.filter(subscriber=subscriber)
    rows = list(stale.select_related("service", "subscriber").order_by("pk")[:500])
    for row in rows:
        has_ended = row.service.state == Service.State.ENDED
        row.ended_at = at
        row.ended_why = Suspension.End.SERVICE_ENDED if has_ended else Suspension.End.BY_HAND
        row.save(update_fields=["ended_at", "ended_why"])
        if not has_ended and not row.subscriber.is_erased:
            until = clock.today(at) + timedelta(days=BY_HAND_DAYS)
            with translation.override(clock.current_isp().language):
                reason = str(Suspension.End.BY_HAND.label)
            grant_grace(
                by=by,
                subscriber=row.subscriber,
                service=row.service,
                until=until,
                reason=reason,
                key=f"by-hand:{row.pk}",
                at=at,
            )
    return len(rows)


@transaction.atomic
def make_promise(*, by: Actor, subscriber: Subscriber, until: date, at: datetime, is_staff: bool = False) -> Promise:
    """Take a subscriber's word to pay all that is overdue until a date, and switch on what is off for debt.

    Subscribers stay within the ISP's settings; once a month holds for staff, too. Raises CannotPromise, InAnothersName,
    Erased.
    """
    in_own_name()
    subscriber = Subscriber.objects.lock_to_add(subscriber.pk)
    today, settings = clock.today(at), SuspensionSettings.load()
    owed = overdue_of(subscriber, at=at)
    if not is_staff and not settings.promises:
        raise CannotPromise("off")
    if owed <= 0:
        raise CannotPromise("nothing")
    if not is_staff and settings.promise_most is not None and owed > settings.promise_most:
        raise CannotPromise("much")
    if until < today:
        raise CannotPromise("past")
    if until > today + timedelta(days=STAFF_DAYS if is_staff else settings.promise_days):
        raise CannotPromise("long")
    try:
        with transaction.atomic():
            promise = Promise.objects.create(
                subscriber=subscriber, period=today.replace(day=1), amount=owed, until=until, **written_by(by)
            )
    except IntegrityError as error:
        raise CannotPromise("again") from error
    record(
        "billing.promise.made",
        by=by,
        on=promise,
        subscriber=subscriber.number,
        amount=f"{owed:f}",
        until=until.isoformat(),
    )
    suspensions.reconsider(subscriber=subscriber, by=by, at=at)
    return promise


def may_promise(subscriber: Subscriber, *, at: datetime) -> str:
    """Why a subscriber cannot promise now, as CannotPromise says it; an empty text if they can."""
    settings, owed = SuspensionSettings.load(), overdue_of(subscriber, at=at)
    if not settings.promises:
        return "off"
    if owed <= 0:
        return "nothing"
    if settings.promise_most is not None and owed > settings.promise_most:
        return "much"
    period = clock.today(at).replace(day=1)
    return "again" if Promise.objects.filter(subscriber=subscriber, period=period).exists() else ""


@transaction.atomic
def withdraw_promise(*, by: Actor, promise: Promise, at: datetime) -> None:
    """End a promise before its day. Nothing is cut by it: the next run looks again."""
    if Promise.objects.filter(pk=promise.pk, ended_at=None).update(ended_at=at):
        record("billing.promise.withdrawn", by=by, on=promise, subscriber=promise.subscriber.number)


@transaction.atomic
def add_exception(*, by: Actor, subscriber: Subscriber, reason: str, until: date | None, at: datetime) -> None:
    """Keep somebody connected whatever is owed, and switch on what is off for debt. Raises Erased."""
    subscriber = Subscriber.objects.lock_to_add(subscriber.pk)
    row = SuspensionException.objects.create(subscriber=subscriber, reason=reason[:200], until=until, **written_by(by))
    record("billing.suspension_exception.added", by=by, on=row, subscriber=subscriber.number, reason=reason)
    suspensions.reconsider(subscriber=subscriber, by=by, at=at)


@transaction.atomic
def end_exception(*, by: Actor, row: SuspensionException, at: datetime) -> None:
    """End an exception. Nothing is cut by it: the next run looks again."""
    if SuspensionException.objects.filter(pk=row.pk, ended_at=None).update(ended_at=at):
        record("billing.suspension_exception.ended", by=by, on=row, subscriber=row.subscriber.number)


def shares(total: Decimal, parts: int) -> list[Decimal]:
    """A sum in equal parts to the cent; what does not divide is in the first one."""
    each = (total / parts).quantize(CENT, ROUND_DOWN)
    return [total - each * (parts - 1)] + [each] * (parts - 1)


@transaction.atomic
def ask_for_instalments(
    *, by: Actor, subscriber: Subscriber, parts: int, first_on: date, every: int, at: datetime, note: str = "",
    is_staff: bool = False,
) -> InstalmentPlan:  # fmt: skip
    """Plan what is overdue in equal parts, `every` so many days from a date on. Staff agree by it; a subscriber's wish
    waits for them unless the ISP lets it hold at once. Raises CannotAgree, InAnothersName, Erased.
    """
    in_own_name()
    subscriber = Subscriber.objects.lock_to_add(subscriber.pk)
    today, settings = clock.today(at), SuspensionSettings.load()
    owed = overdue_of(subscriber, at=at)
    if not is_staff and not settings.instalments:
        raise CannotAgree("off")
    if owed <= 0:
        raise CannotAgree("nothing")
    most = 24 if is_staff else settings.instalments_most
    if not 2 <= parts <= most or owed < CENT * parts:
        raise CannotAgree("parts")
    first_latest = today + timedelta(days=60 if is_staff else 31)
    if not today <= first_on <= first_latest or not 1 <= every <= 31 or every * parts > PLAN_DAYS:
        raise CannotAgree("dates")
    try:
        with transaction.atomic():
            plan = InstalmentPlan.objects.create(
                subscriber=subscriber, covers=today, total=owed, note=note[:200], **written_by(by)
            )
    except IntegrityError as error:
        raise CannotAgree("again") from error
    Instalment.objects.bulk_create(
        Instalment(plan=plan, due_on=first_on + timedelta(days=every * n), amount=amount)
        for n, amount in enumerate(shares(owed, parts))
    )
    record("billing.instalments.asked", by=by, on=plan, subscriber=subscriber.number, total=f"{owed:f}", parts=parts)
    if is_staff or settings.instalments_at_once:
        _agree(plan, by=by, at=at)
    return plan


def _agree(plan: InstalmentPlan, *, by: Actor | None, at: datetime) -> None:
    plan.state, plan.decided_at = State.RUNNING, at
    plan.save(update_fields=["state", "decided_at"])
    record("billing.instalments.agreed", by=by, on=plan, subscriber=plan.subscriber.number)
    suspensions.reconsider(subscriber=plan.subscriber, by=by, at=at)


@transaction.atomic
def decide_on_instalments(*, by: Actor, plan: InstalmentPlan, agreed: bool, at: datetime) -> None:
    """Agree to what a subscriber asked for, refuse it, or end a plan that runs. Raises CannotAgree if it is over.

    Whoever asked long ago may owe something else today; the plan is about what was owed then.
    """
    Subscriber.objects.lock_to_add(plan.subscriber_id)
    plan = InstalmentPlan.objects.select_for_update(of=("self",)).select_related("subscriber").get(pk=plan.pk)
    if not plan.is_open or (agreed and plan.state != State.ASKED):
        raise CannotAgree("gone")
    if agreed:
        _agree(plan, by=by, at=at)
        return
    plan.state = State.REFUSED if plan.state == State.ASKED else State.ENDED
    plan.decided_at, plan.ended_at = plan.decided_at or at, at
    plan.save(update_fields=["state", "decided_at", "ended_at"])
    record("billing.instalments.ended", by=by, on=plan, subscriber=plan.subscriber.number, state=plan.state)


@transaction.atomic
def end_plans(*, at: datetime) -> int:
    """End the plans of which a part was not paid by its day, and those that are paid. Gives how many were broken."""
    today = clock.today(at)
    broken = list(
        InstalmentPlan.objects.broken(on=today).select_for_update(of=("self",), skip_locked=True).order_by("pk")[:500]
    )
    for plan in broken:
        plan.state, plan.ended_at = State.BROKEN, at
        plan.save(update_fields=["state", "ended_at"])
        record("billing.instalments.broken", by=None, on=plan, subscriber=plan.subscriber.number)
    paid = InstalmentPlan.objects.running().with_sums(on=today).filter(left=0)
    InstalmentPlan.objects.filter(pk__in=list(paid.values_list("pk", flat=True))).update(state=State.PAID, ended_at=at)
    return len(broken)
