"""Sweeps for portal users."""

from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone

from core.celery import IspTask, app
from core.periodic import for_each_isp
from subscribers.services import previews


@for_each_isp("sessions", every=timedelta(days=1))
@app.task(base=IspTask)
def sweep_sessions(*, isp_id: int) -> None:
    """Remove the sessions of an ISP's portal users that have run out."""
    call_command("clearsessions")


@for_each_isp("previews", every=timedelta(hours=1))
@app.task(base=IspTask)
def sweep_previews(*, isp_id: int) -> None:
    """Write down that previews have ended whose browser was closed, and forget old ones."""
    previews.end_overdue(at=timezone.now())
