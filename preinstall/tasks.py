"""Sweeps for install requests."""

from datetime import timedelta

from core.celery import IspTask, app
from core.periodic import for_each_isp
from preinstall.services.requests import sweep_drafts as sweep


@for_each_isp("drafts", every=timedelta(hours=1))
@app.task(base=IspTask)
def sweep_drafts(*, isp_id: int) -> None:
    """Remove an ISP's uploads whose form was never sent, and files without a row."""
    sweep()
