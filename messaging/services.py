"""Sending in the name of the ISP whose scope is open."""

from core.celery import enqueue_on_commit
from core.mail import compose
from core.scope import required
from messaging.models import Mail
from messaging.tasks import deliver_mail


def send_mail(*, template: str, language: str, to: str, **context: object) -> Mail:
    """Write a mail of the current ISP and have it delivered once the transaction is durable. See core.mail.compose."""
    mail = compose(Mail, template=template, language=language, to=to, **context)
    enqueue_on_commit(deliver_mail, isp_id=required().isp_id, mail_id=mail.pk)
    return mail
