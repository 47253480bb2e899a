"""Sweeps for portal users."""

from datetime import timedelta

from django.core.management import call_command

from core.celery import IspTask, app
from core.periodic import for_each_isp


@for_each_isp("sessions", every=timedelta(days=1))
@app.task(base=IspTask)
def sweep_sessions(*, isp_id: int) -> None:
    """Remove the sessions of an ISP's portal users that have run out."""
    call_command("clearsessions")
