"""Work that staff have asked for and do not wait for."""

from datetime import timedelta

from core.celery import IspTask, app, enqueue_on_commit
from core.periodic import for_each_isp


@app.task(base=IspTask)
def work_off_bulk_run(*, isp_id: int, run_id: int) -> None:
    """Do a part of a bulk run, and take another turn for the next one."""
    from dashboard.services import bulk_runs

    if bulk_runs.work_off(run_id=run_id):
        enqueue_on_commit(work_off_bulk_run, isp_id=isp_id, run_id=run_id)


@for_each_isp("bulk-runs", every=timedelta(minutes=5))
@app.task(base=IspTask)
def sweep_bulk_runs(*, isp_id: int) -> None:
    """Take up what a crash has left."""
    from dashboard.services import bulk_runs

    bulk_runs.sweep(isp_id=isp_id)


@app.task(base=IspTask)
def work_off_sending(*, isp_id: int, sending_id: int) -> None:
    """Write a part of a sending to many, and take another turn for the next one."""
    from dashboard.services import sendings

    if sendings.work_off(sending_id=sending_id):
        enqueue_on_commit(work_off_sending, isp_id=isp_id, sending_id=sending_id)


@for_each_isp("sendings", every=timedelta(minutes=5))
@app.task(base=IspTask)
def sweep_sendings(*, isp_id: int) -> None:
    """Take up sendings that a crash has left."""
    from dashboard.services import sendings

    sendings.sweep()
