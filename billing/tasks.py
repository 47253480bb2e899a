"""Billing runs in the background, and those of the schedule."""

from datetime import timedelta

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
