"""Mail as rows: written with their cause, sent by a task, never lost and seldom doubled.

A mail is claimed in one transaction, handed to the SMTP server outside of any, and its result is written in another.
A worker that dies between the last two leaves it `sending`; the sweeper sends it again after ten minutes. So a mail
arrives at least once.
"""

import logging
import smtplib
from datetime import datetime, timedelta
from email.utils import formataddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Min, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation

from core.models import OutgoingMail
from core.scope import required

logger = logging.getLogger(__name__)
ATTEMPTS = 6
STUCK = timedelta(minutes=10)
SETTLED = timedelta(minutes=1)  # by then a mail that was enqueued has usually been tried


class Unwritable(ValueError):
    """What somebody typed cannot stand in a header, such as an address whose domain is longer than domains can be."""


def compose(model: type[OutgoingMail], *, template: str, language: str, to: str, **context: object) -> OutgoingMail:
    """Write a mail in the current transaction, from `emails/<template>.txt` in a language.

    The template's first line is the subject, the rest the text; `from_name` and `reply_to` in the context are used for
    the headers too. The caller enqueues the delivery on commit. Texts in the context are put on one line each: names
    are typed by people, and none of them may add lines, or a header, to the mail.
    """
    context = {name: one_line(value) if isinstance(value, str) else value for name, value in context.items()}
    with translation.override(language):
        rendered = render_to_string(f"emails/{template}.txt", context)
    subject, _, text = rendered.strip().partition("\n")
    return model._default_manager.create(
        to=to,
        subject=one_line(subject)[:200],
        text=text.strip() + "\n",
        from_name=str(context.get("from_name", ""))[:120],
        reply_to=str(context.get("reply_to", "")),
    )


def one_line(text: str) -> str:
    """A text with single spaces in place of line breaks of all kinds."""
    return " ".join(text.split())


def deliver(model: type[OutgoingMail], pk: int) -> bool:
    """Send one waiting mail in the current scope; True once the server took it. Safe to call twice."""
    mail = _claim(model, pk)
    if mail is None:
        return False
    try:
        _send(mail)
    except (OSError, smtplib.SMTPException, Unwritable) as error:
        _note_failure(model, mail, error)
        return False
    with transaction.atomic():
        if mail.is_forgotten_once_tried:
            model._default_manager.filter(pk=pk).delete()
            return True
        sent = {"state": OutgoingMail.State.SENT, "sent_at": timezone.now(), "error": ""}
        if mail.is_erased_once_sent:
            sent |= {"text": "", "html": ""}
        model._default_manager.filter(pk=pk).update(**sent)
    return True


def _claim(model: type[OutgoingMail], pk: int) -> OutgoingMail | None:
    with transaction.atomic():
        mail = waiting(model).select_for_update(skip_locked=True).filter(pk=pk).first()
        if mail and mail.attempts >= ATTEMPTS:
            # The last attempt took its worker down, before it could say why.
            mail.state, mail.error = OutgoingMail.State.FAILED, mail.error or "WorkerLost"
            mail.save(update_fields=["state", "error"])
            if mail.is_forgotten_once_tried:
                mail.delete()
            return None
        if mail:
            mail.state = OutgoingMail.State.SENDING
            mail.attempts += 1
            mail.due_at = timezone.now() + STUCK
            mail.save(update_fields=["state", "attempts", "due_at"])
        return mail


def waiting(model: type[OutgoingMail]) -> QuerySet[OutgoingMail]:
    """The mails that are due: never tried, to be tried again, or left behind by a worker that died."""
    return _unsent(model).filter(due_at__lte=timezone.now())


def next_attempt(model: type[OutgoingMail]) -> datetime | None:
    """When to look for waiting mails again: as soon as one is due, and at least SETTLED from now. None without any."""
    due_at = _unsent(model).aggregate(at=Min("due_at"))["at"]
    return max(due_at, timezone.now() + SETTLED) if due_at else None


def _unsent(model: type[OutgoingMail]) -> QuerySet[OutgoingMail]:
    return model._default_manager.filter(state__in=[OutgoingMail.State.WAITING, OutgoingMail.State.SENDING])


def _send(mail: OutgoingMail) -> None:
    sender = formataddr((mail.from_name, settings.DEFAULT_FROM_EMAIL))
    message = EmailMultiAlternatives(
        mail.subject,
        mail.text,
        sender,
        [mail.to],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers={"Message-ID": f"<{mail.uuid}@{settings.PLATFORM_DOMAIN}>", "X-Lastmile-Scope": required().label},
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    try:
        message.message()
    except ValueError as error:
        raise Unwritable(type(error).__name__) from error
    message.send()


def _note_failure(model: type[OutgoingMail], mail: OutgoingMail, error: Exception) -> None:
    """Try again after 1, 2, 4 … minutes; after the last attempt, or a refusal for good, stop."""
    refused = isinstance(error, smtplib.SMTPRecipientsRefused) and all(
        code >= 500 for code, _ in error.recipients.values()
    )
    over = refused or isinstance(error, Unwritable) or mail.attempts >= ATTEMPTS
    logger.warning("Mail %s was not sent (attempt %s): %s", mail.uuid, mail.attempts, type(error).__name__)
    with transaction.atomic():
        model._default_manager.filter(pk=mail.pk).update(
            state=OutgoingMail.State.FAILED if over else OutgoingMail.State.WAITING,
            due_at=timezone.now() + timedelta(minutes=2 ** (mail.attempts - 1)),
            error=f"{type(error).__name__}: {error}"[:300],
        )
        if over and mail.is_forgotten_once_tried:
            model._default_manager.filter(pk=mail.pk).delete()
