"""Sending in the name of the platform: confirmations, invitations, new passwords."""

from dataclasses import asdict

from core.celery import enqueue_on_commit
from core.mail import render
from core.models import OutgoingMail
from core.scope import public_scope
from tenants.models import PlatformMail
from tenants.tasks import deliver_platform_mail


def send_platform_mail(*, template: str, language: str, to: str, **context: object) -> OutgoingMail:
    """Write a mail of the platform and have it delivered once the transaction is durable. See core.mail.render.

    It may be called in an ISP's scope as well: the mail is the platform's in any case.
    """
    with public_scope():
        letter = render(template=template, language=language, **context)
        mail = PlatformMail.objects.create(to=to, **asdict(letter))
        enqueue_on_commit(deliver_platform_mail, mail_id=mail.pk)
    return mail
