"""Acts on many subscribers: frozen, confirmed once, worked off in parts, stopped, reported."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import transaction
from django.utils import timezone

from core.audit import Actor, record
from core.celery import DATABASE_AWAY, enqueue_on_commit
from dashboard import tasks
from dashboard.bulk import ACTIONS, FAILED, Action, perform
from subscribers.models import BulkLeftOut, BulkRun, Subscriber, SubscriberQuerySet

logger = logging.getLogger(__name__)
PART = 200  # subscribers in one transaction, so that a part takes a second or two
AT_ONCE = 25  # up to so many are done while the browser waits
DRAFTS_KEPT = timedelta(days=1)
KEPT = timedelta(days=90)


class NothingChosen(Exception):
    """There is nobody to do it with."""


class CannotRun(Exception):
    """The run has been confirmed or stopped already."""


@dataclass(frozen=True, slots=True)
class Starter:
    """Whoever confirmed a run, as its parts remember them when they work it off."""

    pk: int
    audit_label: str
    audit_kind: str = "staff"


def draft_run(*, by: Actor, action: Action, rows: SubscriberQuerySet) -> BulkRun:
    """Freeze whom it is about, before what happens to them is shown. Raises NothingChosen."""
    # One query, whose answer is one value: a hundred thousand keys are less than a megabyte.
    ids = rows.order_by().aggregate(ids=ArrayAgg("pk", default=[]))["ids"]
    if not ids:
        raise NothingChosen
    return BulkRun.objects.create(
        action=action.name,
        ids=sorted(set(ids)),
        total=len(set(ids)),
        by_id=by.pk,
        by_name=by.audit_label[:200],
    )


def start_run(*, by: Actor, run: BulkRun, isp_id: int, parameters: dict[str, Any]) -> BulkRun:
    """Confirm a run with what its form says, as JSON. Raises CannotRun for one that is confirmed already.

    A second click waits for the first one here and then finds it confirmed. Few are done at once, many by a task.
    """
    run = _locked(run)
    if run.state != BulkRun.State.DRAFT:
        raise CannotRun
    run.state, run.parameters = BulkRun.State.WAITING, parameters
    run.save(update_fields=["state", "parameters", "touched_at"])
    record("subscribers.bulk_run.started", by=by, on=run, action=run.action, total=run.total, parameters=parameters)
    if run.total <= AT_ONCE:
        work_off(run_id=run.pk)
        run.refresh_from_db()
    else:
        enqueue_on_commit(tasks.work_off_bulk_run, isp_id=isp_id, run_id=run.pk)
    return run


def work_off(*, run_id: int) -> bool:
    """Do the next part of a run; whether more is to be done. Call it in a transaction.

    The lock on the run keeps a second worker out. How far the run is changes in the transaction that changes the
    subscribers, so that a part is done once or not at all, whenever a worker dies and however often a task arrives.
    """
    run = BulkRun.objects.select_for_update(skip_locked=True).defer("ids").filter(pk=run_id).first()
    if run is None or not run.is_under_way:
        return False
    part = BulkRun.objects.filter(pk=run.pk).values_list(f"ids__{run.position}_{run.position + PART}", flat=True).get()
    changed, left_out = _attempt(run, part)
    BulkLeftOut.objects.bulk_create(
        BulkLeftOut(run=run, subscriber_id=key, reason=reason) for key, reason in sorted(left_out.items())
    )
    run.position += len(part)
    run.changed += changed
    run.state = BulkRun.State.RUNNING
    if run.position >= run.total:
        _end(run, BulkRun.State.DONE, by=_starter(run))
    run.save(update_fields=["position", "changed", "state", "touched_at", "ended_at"])
    return run.is_under_way


def _attempt(run: BulkRun, part: list[int]) -> tuple[int, dict[int, str]]:
    """Do a part as a whole; where that fails, one by one, so that one bad row holds up no other."""
    action = ACTIONS.get(run.action)
    form = action.form(run.parameters) if action else None
    if action is None or form is None or not form.is_valid():
        # What was chosen is gone, such as a zone that somebody has deleted since.
        return 0, _all_failed(part)
    try:
        return _perform(action, run, part, form.cleaned_data)
    except DATABASE_AWAY:
        raise
    except Exception:
        logger.exception("A part of the bulk run %s failed; each of it is tried by itself.", run.uuid)
    changed, left_out = 0, {}
    for key in part:
        try:
            done, others = _perform(action, run, [key], form.cleaned_data)
        except DATABASE_AWAY:
            raise
        except Exception:
            done, others = 0, _all_failed([key])
        changed += done
        left_out |= others
    return changed, left_out


def _perform(action: Action, run: BulkRun, keys: list[int], said: dict[str, Any]) -> tuple[int, dict[int, str]]:
    with transaction.atomic():
        return perform(action, by=_starter(run), rows=Subscriber.objects.filter(pk__in=keys), said=said)


def _all_failed(keys: list[int]) -> dict[int, str]:
    return dict.fromkeys(Subscriber.objects.filter(pk__in=keys).values_list("pk", flat=True), FAILED)


def stop_run(*, by: Actor, run: BulkRun) -> BulkRun:
    """Leave a run where it is, once the part that is under way has ended. Raises CannotRun if it has ended."""
    run = _locked(run)
    if not run.is_under_way:
        raise CannotRun
    _end(run, BulkRun.State.STOPPED, by=by)
    run.save(update_fields=["state", "ended_at", "touched_at"])
    return run


def discard_draft(*, run: BulkRun) -> None:
    """Forget a run that nobody confirmed."""
    BulkRun.objects.filter(pk=run.pk, state=BulkRun.State.DRAFT).delete()


def _end(run: BulkRun, state: BulkRun.State, *, by: Actor) -> None:
    run.state, run.ended_at = state, timezone.now()
    record(
        f"subscribers.bulk_run.{'finished' if state == BulkRun.State.DONE else 'stopped'}",
        by=by,
        on=run,
        action=run.action,
        changed=run.changed,
        left_out=run.left_out_count,
        remaining=run.remaining,
    )


def _locked(run: BulkRun) -> BulkRun:
    return BulkRun.objects.select_for_update().defer("ids").get(pk=run.pk)


def _starter(run: BulkRun) -> Starter:
    return Starter(run.by_id, run.by_name)


def sweep(*, isp_id: int) -> None:
    """Go on with runs whose task was lost, and forget what nobody confirmed and what is long past."""
    now = timezone.now()
    BulkRun.objects.filter(state=BulkRun.State.DRAFT, at__lt=now - DRAFTS_KEPT).delete()
    BulkRun.objects.filter(ended_at__lt=now - KEPT).delete()
    lost = BulkRun.objects.filter(
        state__in=[BulkRun.State.WAITING, BulkRun.State.RUNNING], touched_at__lt=now - timedelta(minutes=1)
    )
    for key in lost.values_list("pk", flat=True):
        enqueue_on_commit(tasks.work_off_bulk_run, isp_id=isp_id, run_id=key)
