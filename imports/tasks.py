"""Reading, checking, importing and undoing in the background."""

from datetime import timedelta

from core.celery import IspTask, app
from core.periodic import for_each_isp


@app.task(base=IspTask, atomic=False)
def work_on_batch(*, isp_id: int, batch_id: int) -> None:
    """Do what an import waits for, a few minutes of it at most; what is left is done by the next task."""
    from imports.services import work

    work.work_on(batch_id=batch_id, isp_id=isp_id)


@for_each_isp("imports", every=timedelta(minutes=1))
@app.task(base=IspTask, atomic=False)
def sweep_imports(*, isp_id: int) -> None:
    """Go on with imports whose worker is gone, and forget what was kept long enough."""
    from imports.services import sweeps

    sweeps.sweep(isp_id=isp_id)
