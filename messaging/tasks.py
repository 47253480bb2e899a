"""Deliveries, and the sweep for what a crash left behind."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from core import mail as core_mail
from core.celery import IspTask, app, enqueue_on_commit
from core.periodic import for_each_isp
from messaging.models import Message
from tenants.services import due_work

BATCH = 500


@app.task(base=IspTask, atomic=False)
def deliver_mail(*, isp_id: int, mail_id: int) -> None:
    """Hand one mail of an ISP to the mail server."""
    if not core_mail.deliver(Message, mail_id):
        with transaction.atomic():
            _plan_next_sweep(isp_id)


@for_each_isp("mail", every=timedelta(minutes=15))
@app.task(base=IspTask)
def sweep_mail(*, isp_id: int) -> None:
    """Deliver the due mails of an ISP that no task has taken: after a crash, or for another attempt."""
    for pk in list(core_mail.waiting(Message).order_by("due_at").values_list("pk", flat=True)[:BATCH]):
        enqueue_on_commit(deliver_mail, isp_id=isp_id, mail_id=pk)
    _plan_next_sweep(isp_id)


def _plan_next_sweep(isp_id: int) -> None:
    """Look again when the next attempt of a mail is due, though not at once at what has just been enqueued."""
    next_at = core_mail.next_attempt(Message)
    if next_at:
        due_work.bring_forward(isp_id=isp_id, kind="mail", at=next_at)


@for_each_isp("old-mail", every=timedelta(days=1))
@app.task(base=IspTask, atomic=False)
def forget_mail(*, isp_id: int) -> None:
    """Delete the mails that are older than the ISP keeps them, a part in each transaction."""
    from messaging.services import forget_old_mails

    while True:
        with transaction.atomic():
            if not forget_old_mails(at=timezone.now()):
                return
