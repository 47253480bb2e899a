"""Billing runs, suspensions and reminders, in the background and at their hours."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from core.celery import IspTask, app, enqueue_on_commit
from core.periodic import for_each_isp
from core.scope import public_scope
from tenants import directory
from tenants.services import due_work

SWEEP_AFTER = timedelta(minutes=2)  # by then the task of a run has usually been at it


def _isp(isp_id: int) -> directory.IspRef:
    with public_scope():
        return directory.open_isp(isp_id)


def queue_run(*, isp_id: int, run_id: int) -> None:
    """Have a run worked off once this transaction is durable; a lost task is made up for by the sweep."""
    due_work.bring_forward(isp_id=isp_id, kind="billing", at=timezone.now() + SWEEP_AFTER)
    enqueue_on_commit(work_off_billing_run, isp_id=isp_id, run_id=run_id)


@app.task(base=IspTask, atomic=False)
def work_off_billing_run(*, isp_id: int, run_id: int = 0) -> None:
    """Do chunks of a run for a while, and leave the rest to another task."""
    from billing.services import turns

    turns.work_on(isp=_isp(isp_id), run_id=run_id)


@for_each_isp("billing", every=timedelta(minutes=15))
@app.task(base=IspTask)
def sweep_billing(*, isp_id: int) -> None:
    """Begin the runs of the schedule whose hour has come, and go on with those whose task was lost."""
    from billing.services import runs, schedule

    isp = _isp(isp_id)
    schedule.begin_due(isp=isp, at=timezone.now())
    runs.sweep(isp_id=isp_id)


def queue_suspension_run(*, isp_id: int, run_id: int, at: datetime) -> None:
    """Have a run worked off from a moment on, once this transaction is durable; the sweep makes up for a lost task."""
    due_work.bring_forward(isp_id=isp_id, kind="suspensions", at=max(at, timezone.now() + SWEEP_AFTER))
    if at <= timezone.now():
        enqueue_on_commit(work_off_suspension_run, isp_id=isp_id, run_id=run_id)


@app.task(base=IspTask)
def work_off_suspension_run(*, isp_id: int, run_id: int = 0) -> None:
    """Switch a part off, and leave the next one to another task."""
    from billing.services import suspension_runs

    if suspension_runs.work_off(run_id=run_id, at=timezone.now()):
        enqueue_on_commit(work_off_suspension_run, isp_id=isp_id, run_id=run_id)


@for_each_isp("suspensions", every=timedelta(minutes=10))
@app.task(base=IspTask)
def sweep_suspensions(*, isp_id: int) -> None:
    """End what has run out, begin the runs whose hour has come, and go on with those whose task was lost."""
    from billing.services import reliefs, suspension_runs

    at = timezone.now()
    reliefs.note_resumed(at=at)
    reliefs.end_plans(at=at)
    suspension_runs.forget_lists(at=at)
    suspension_runs.begin_automatic(at=at)
    for pk in suspension_runs.unfinished(at=at):
        enqueue_on_commit(work_off_suspension_run, isp_id=isp_id, run_id=pk)


@for_each_isp("reminders", every=timedelta(minutes=30))
@app.task(base=IspTask, atomic=False)
def send_reminders(*, isp_id: int) -> None:
    """Send the mails about debts that are due today, in parts of one transaction each."""
    from billing.services import debt_mails

    at = timezone.now()
    if not _is_hour(at):
        return
    for send in (debt_mails.send_warnings, debt_mails.send_reminders):
        while _in_transaction(send, at):
            pass


def _is_hour(at: datetime) -> bool:
    from billing.services import debt_mails

    return debt_mails.is_hour_for_mails(at)


def _in_transaction(send: Any, at: datetime) -> bool:
    from django.db import transaction

    with transaction.atomic():
        return bool(send(at=at))
