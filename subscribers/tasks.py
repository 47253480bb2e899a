"""Sweeps for portal users, mailed links, and the mass start of the portal."""

from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone

from core.celery import IspTask, app, enqueue_on_commit
from core.periodic import for_each_isp
from core.scope import public_scope
from subscribers.services import previews
from tenants import directory
from tenants.services import due_work

SWEEP_AFTER = timedelta(minutes=2)  # by then the task of a run has usually been at it


def _isp(isp_id: int) -> directory.IspRef:
    with public_scope():
        return directory.open_isp(isp_id)


@for_each_isp("sessions", every=timedelta(days=1))
@app.task(base=IspTask)
def sweep_sessions(*, isp_id: int) -> None:
    """Remove an ISP's sessions, mailed links and blocks of sign-in that have run out."""
    from subscribers.services import leftovers

    call_command("clearsessions")
    leftovers.forget_old(at=timezone.now())


@for_each_isp("previews", every=timedelta(hours=1))
@app.task(base=IspTask)
def sweep_previews(*, isp_id: int) -> None:
    """Write down that previews have ended whose browser was closed, and forget old ones."""
    previews.end_overdue(at=timezone.now())


@app.task(base=IspTask)
def send_forgotten_links(*, isp_id: int, login: str = "") -> None:
    """Mail a link to set a new password, if somebody has this user name or e-mail address."""
    from subscribers.services import passwords

    if login:
        passwords.send_forgotten_links(isp=_isp(isp_id), login=login, at=timezone.now())


def queue_login_run(*, isp_id: int, run_id: int) -> None:
    """Have a run worked off once this transaction is durable; a lost task is made up for by the sweep."""
    due_work.bring_forward(isp_id=isp_id, kind="login-runs", at=timezone.now() + SWEEP_AFTER)
    enqueue_on_commit(work_off_login_run, isp_id=isp_id, run_id=run_id)


@app.task(base=IspTask)
def work_off_login_run(*, isp_id: int, run_id: int = 0) -> None:
    """Do one piece of a mass start of the portal, and leave the next one to another task."""
    from subscribers.services import starts

    if starts.work_off(isp=_isp(isp_id), run_id=run_id, at=timezone.now()):
        queue_login_run(isp_id=isp_id, run_id=run_id)


@for_each_isp("login-runs", every=timedelta(minutes=30))
@app.task(base=IspTask)
def sweep_login_runs(*, isp_id: int) -> None:
    """Go on with a run whose task was lost."""
    from subscribers.models import LoginRun

    for pk in LoginRun.objects.filter(state=LoginRun.State.RUNNING).values_list("pk", flat=True):
        enqueue_on_commit(work_off_login_run, isp_id=isp_id, run_id=pk)


@app.task(base=IspTask, atomic=False)
def make_personal_export(*, isp_id: int, export_id: int = 0) -> None:
    """Make a copy of everything held on one subscriber, which somebody has asked for."""
    from subscribers.services import personal_exports

    personal_exports.make(isp=_isp(isp_id), export_id=export_id, at=timezone.now())


@for_each_isp("personal-exports", every=timedelta(hours=1))
@app.task(base=IspTask)
def sweep_personal_exports(*, isp_id: int) -> None:
    """Remove copies of personal data that were kept long enough, and make those whose task was lost."""
    from subscribers.services import personal_exports

    personal_exports.sweep(isp_id=isp_id, at=timezone.now())
