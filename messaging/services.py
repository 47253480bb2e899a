"""Sending in the name of the ISP whose scope is open."""

from django.conf import settings
from django.utils import timezone

from core.celery import enqueue_on_commit
from core.mail import SETTLED, compose
from core.scope import NoScope, required
from messaging.models import Mail
from messaging.tasks import deliver_mail
from tenants.services import due_work


def can_send() -> bool:
    """Whether mail can leave at all: the installation has been told of a mail server."""
    return bool(settings.EMAIL_HOST)


def send_mail(
    *, template: str, language: str, to: str, has_secret: bool = False, is_last: bool = False, **context: object
) -> Mail:
    """Write a mail of the current ISP and have it delivered once the transaction is durable. See core.mail.compose.

    `has_secret` says that it carries a link that lets somebody in: its text is erased once it is sent. `is_last`: then
    nothing of the mail is kept. If the task is lost, the ISP's sweep finds the mail a minute later.
    """
    mail = compose(Mail, template=template, language=language, to=to, **context)
    if has_secret or is_last:
        mail.has_secret, mail.is_last = has_secret, is_last
        mail.save(update_fields=["has_secret", "is_last"])
    isp_id = required().isp_id
    if isp_id is None:
        raise NoScope("A mail of an ISP is sent in its scope.")
    due_work.bring_forward(isp_id=isp_id, kind="mail", at=timezone.now() + SETTLED)
    enqueue_on_commit(deliver_mail, isp_id=isp_id, mail_id=mail.pk)
    return mail
