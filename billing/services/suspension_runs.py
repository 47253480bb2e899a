"""Suspending many: the list of those whom a rule would meet, looked at and confirmed, then worked off in parts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.db import IntegrityError, transaction

from billing import clock, tasks
from billing.days_off import days_off
from billing.models import PlannedCut, SuspensionRule, SuspensionRun, SuspensionSettings
from billing.services import held_runs, suspensions
from core.audit import Actor, record, written_by
from subscribers.models import Service

PART = 50  # subscribers whose rows one transaction holds: a payment of one of them waits for it
FEW = 10  # subscribers; so many are never too many
KEPT = timedelta(days=2)  # that a list which nobody confirmed stays
State = SuspensionRun.State
Outcome = PlannedCut.Outcome


class NothingToCut(Exception):
    """Nobody is to be switched off by the rule now."""


class CannotRun(Exception):
    """The run was confirmed or discarded already, or its rule is off."""


@dataclass(frozen=True, slots=True)
class Starter:
    """Whoever confirmed a run, as its parts remember them."""

    pk: int
    audit_label: str
    audit_kind: str


@transaction.atomic
def prepare(*, by: Actor | None, rule: SuspensionRule, at: datetime, automatic: bool = False) -> SuspensionRun:
    """Write down whom the rule would cut now, and who is held back and why. Raises NothingToCut.

    An automatic one is there once for a rule and day of the ISP. Raises CannotRun for a second one.
    """
    today = clock.today(at)
    try:
        with transaction.atomic():
            run = SuspensionRun.objects.create(
                rule=rule,
                title=str(rule),
                planned_at=at,
                automatic_on=today if automatic else None,
                **written_by(by),
            )
    except IntegrityError as error:
        raise CannotRun from error
    rows = suspensions.in_debt(rule, at=at).iterator(chunk_size=1000)
    found = 0
    while part := list(islice(rows, 1000)):
        PlannedCut.objects.bulk_create(
            PlannedCut(
                run=run,
                subscriber_id=row["subscriber"],
                owed=row["owed"],
                since=row["since"],
                services=row["services"],
                hold=row["hold"],
                outcome=Outcome.HELD if row["hold"] else "",
            )
            for row in part
        )
        found += len(part)
    if not found:
        raise NothingToCut
    record("billing.suspension_run.planned", by=by, on=run, rule=run.title, found=found)
    return run


def begin_automatic(*, at: datetime) -> None:
    """Begin the day's run of each rule that cuts by itself and whose hour has come.

    A run that would cut a larger part of all services than the ISP allows is kept back until somebody has looked.
    """
    for each in suspensions.plan(at=at):
        if not each.is_open or not each.rule.is_automatic:
            continue
        try:
            run = prepare(by=None, rule=each.rule, at=at, automatic=True)
        except (CannotRun, NothingToCut):
            continue
        if is_too_many(run):
            SuspensionRun.objects.filter(pk=run.pk).update(is_too_many=True)
            record("billing.suspension_run.kept_back", by=None, on=run, rule=run.title)
            held_runs.tell_suspension(run=run, planned=run.cuts.filter(outcome="").count())
        else:
            confirm(by=None, run=run, at=at)


def is_too_many(run: SuspensionRun) -> bool:
    """Whether a run would cut more of the ISP's services than it allows at once. Three queries."""
    planned = run.cuts.filter(outcome="").count()
    if planned <= FEW:
        return False
    active = Service.objects.filter(state=Service.State.ACTIVE).order_by().values("subscriber").distinct().count()
    return planned * 100 > active * SuspensionSettings.load().most_per_cent


@transaction.atomic
def exclude(*, by: Actor, cut: PlannedCut, reason: str) -> bool:
    """Leave one subscriber out of a run that is not confirmed yet; with an empty reason, take them in again."""
    run = SuspensionRun.objects.select_for_update().get(pk=cut.run_id)
    if run.state != State.DRAFT:
        raise CannotRun
    rows = run.cuts.filter(pk=cut.pk, hold="")
    outcome, who = (Outcome.EXCLUDED, by.audit_label[:200]) if reason else ("", "")
    return bool(rows.update(outcome=outcome, excluded_because=reason[:200], excluded_by=who))


@transaction.atomic
def confirm(*, by: Actor | None, run: SuspensionRun, at: datetime) -> SuspensionRun:
    """Let a run begin: now if its rule allows it at this hour, else at the next one that it does. Raises CannotRun."""
    run = SuspensionRun.objects.select_for_update(of=("self",)).select_related("rule").get(pk=run.pk)
    begins = _opening(run.rule, at) if run.rule else None
    if run.state != State.DRAFT or begins is None:
        raise CannotRun
    run.state, run.begins_at, run.is_too_many = State.WAITING, begins, False
    for name, value in written_by(by).items():
        setattr(run, name, value)
    run.save()
    record("billing.suspension_run.confirmed", by=by, on=run, rule=run.title, cuts=run.cuts.filter(outcome="").count())
    tasks.queue_suspension_run(isp_id=clock.current_isp().pk, run_id=run.pk, at=begins)
    return run


def _opening(rule: SuspensionRule, at: datetime) -> datetime | None:
    local = clock.local(at)
    return rule.next_opening(local, days_off(country=clock.current_isp().country, on=local.date()))


@transaction.atomic
def discard(*, by: Actor, run: SuspensionRun, at: datetime) -> None:
    """Throw a list away, or stop what of a run is still to be done. Raises CannotRun for one that is over."""
    open_ones = SuspensionRun.objects.filter(pk=run.pk).exclude(state__in=[State.DONE, State.STOPPED])
    if not open_ones.update(state=State.STOPPED, ended_at=at):
        raise CannotRun
    record("billing.suspension_run.discarded", by=by, on=run, rule=run.title)


@transaction.atomic
def work_off(*, run_id: int, at: datetime) -> bool:
    """Do the next part of a run, if its rule allows it at this hour; whether more is to be done now.

    How far the run is changes in the transaction that switches services off, so a part is done once or not at all.
    """
    run = SuspensionRun.objects.select_for_update(of=("self",), skip_locked=True).select_related("rule__group")
    run = run.filter(pk=run_id, state__in=[State.WAITING, State.RUNNING]).first()
    if run is None or (run.begins_at and run.begins_at > at):
        return False
    opening = _opening(run.rule, at) if run.rule and run.rule.is_on else None
    if opening is None:
        SuspensionRun.objects.filter(pk=run.pk).update(state=State.STOPPED, ended_at=at)
        return False
    if opening > at:
        SuspensionRun.objects.filter(pk=run.pk).update(begins_at=opening)
        tasks.queue_suspension_run(isp_id=clock.current_isp().pk, run_id=run.pk, at=opening)
        return False
    # In one order everywhere, so that two who lock several never wait for each other.
    part = list(run.cuts.filter(outcome="").order_by("subscriber")[:PART])
    by = Starter(run.by_id, run.by_name, run.by_kind) if run.by_id else None
    keys = [row.subscriber_id for row in part]
    outcomes = suspensions.cut_all(by=by, subscribers=keys, rule=run.rule, at=at, run=run) if part else {}
    for row in part:
        row.outcome = outcomes[row.subscriber_id]
    PlannedCut.objects.bulk_update(part, ["outcome"])
    is_done = len(part) < PART
    state = State.DONE if is_done else State.RUNNING
    SuspensionRun.objects.filter(pk=run.pk).update(state=state, ended_at=at if is_done else None)
    return not is_done


def forget_lists(*, at: datetime) -> None:
    """Discard lists that nobody confirmed: what they say is of yesterday."""
    old = SuspensionRun.objects.filter(state=State.DRAFT, planned_at__lt=at - KEPT)
    old.update(state=State.STOPPED, ended_at=at)


def unfinished(*, at: datetime) -> list[int]:
    """The keys of runs whose time has come, for whoever makes up for lost tasks."""
    due = SuspensionRun.objects.filter(state__in=[State.WAITING, State.RUNNING], begins_at__lte=at)
    return list(due.order_by("pk").values_list("pk", flat=True))
