"""Deliveries, and the sweep for what a crash left behind."""

from django.core.management import call_command
from django.db import transaction

from core import mail as core_mail
from core.celery import IspTask, app
from core.scope import isp_scope
from messaging.models import Mail
from tenants.models import ISP


@app.task(base=IspTask, atomic=False)
def deliver_mail(*, isp_id: int, mail_id: int) -> None:
    """Hand one mail of an ISP to the mail server."""
    core_mail.deliver(Mail, mail_id)


def open_isps() -> list[ISP]:
    """All ISPs that are not suspended. Call it in the platform's scope."""
    return [isp for isp in ISP.objects.with_state() if not isp.is_suspended]


@app.task
def sweep_mail() -> None:
    """Deliver the due mails of all ISPs that no task has taken: after a crash, or for another attempt."""
    for isp in open_isps():
        with isp_scope(isp), transaction.atomic():
            due = list(core_mail.waiting(Mail).values_list("pk", flat=True)[:500])
        for pk in due:
            deliver_mail.delay(isp_id=isp.pk, mail_id=pk)


@app.task
def sweep_sessions() -> None:
    """Remove sessions that have run out, the platform's and each ISP's."""
    call_command("clearsessions")
    for isp in open_isps():
        with isp_scope(isp), transaction.atomic():
            call_command("clearsessions")
