"""Sending in the name of the ISP whose scope is open."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from core.audit import Actor, record
from core.celery import enqueue_on_commit
from core.changes import Changes, set_fields
from core.mail import SETTLED, compose
from core.scope import NoScope, required
from messaging.models import Message, MessageSettings
from messaging.tasks import deliver_mail
from tenants.services import due_work

MONTH = timedelta(days=30.5)
FORGET = 5000  # mails in a transaction


def can_send() -> bool:
    """Whether mail can leave at all: the installation has been told of a mail server."""
    return bool(settings.EMAIL_HOST)


def send_mail(
    *,
    template: str,
    language: str,
    to: str,
    about: int | None = None,
    has_secret: bool = False,
    is_last: bool = False,
    **context: object,
) -> Message:
    """Write a mail of the current ISP and have it delivered once the transaction is durable. See core.mail.compose.

    `about` is the key of the subscriber in whose matter it is, on whose card it stands. `has_secret` says that it
    carries a link that lets somebody in: its text is erased once it is sent. `is_last`: then nothing of the mail is
    kept. If the task is lost, the ISP's sweep finds the mail a minute later.
    """
    mail = compose(Message, template=template, language=language, to=to, **context)
    said = {"occasion": template, "subscriber_key": about, "has_secret": has_secret, "is_last": is_last}
    for name, value in said.items():
        setattr(mail, name, value)
    mail.save(update_fields=list(said))
    _have_delivered(mail)
    return mail


def _have_delivered(mail: Message) -> None:
    isp_id = required().isp_id
    if isp_id is None:
        raise NoScope("A mail of an ISP is sent in its scope.")
    due_work.bring_forward(isp_id=isp_id, kind="mail", at=timezone.now() + SETTLED)
    enqueue_on_commit(deliver_mail, isp_id=isp_id, mail_id=mail.pk)


class CannotResend(Exception):
    """The mail was not given up, or it carries a link that may have ended: a new one is made where links are made."""


@transaction.atomic
def resend(*, by: Actor, mail: Message) -> None:
    """Try a mail again that was given up, as often as a new one. Raises CannotResend.

    Of two at once the second one finds it waiting.
    """
    mail = Message.objects.select_for_update().get(pk=mail.pk)
    if not mail.may_be_sent_again:
        raise CannotResend(mail.state)
    mail.state, mail.attempts, mail.due_at, mail.error = Message.State.WAITING, 0, timezone.now(), ""
    mail.save(update_fields=["state", "attempts", "due_at", "error"])
    record("messaging.mail.resent", by=by, on=mail, subject=mail.subject)
    _have_delivered(mail)


@transaction.atomic
def change_message_settings(*, by: Actor, values: Mapping[str, Any]) -> Changes:
    """Set for how long mails are kept."""
    row = MessageSettings.locked()
    if changes := set_fields(row, values):
        record("messaging.settings.changed", by=by, on=row, changes=changes)
    return changes


def forget_old_mails(*, at: datetime) -> int:
    """Delete a part of the mails that are over and older than the ISP keeps them; gives how many went."""
    months = MessageSettings.load().kept_months
    if not months:
        return 0
    over = Message.objects.over().filter(created_at__lt=at - months * MONTH)
    keys = list(over.order_by("created_at").values_list("pk", flat=True)[:FORGET])
    return Message.objects.filter(pk__in=keys).delete()[0]
