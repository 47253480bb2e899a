"""Mail as rows: written with their cause, sent by a task, never lost and seldom doubled.

What an ISP writes goes through the outbox (messaging.outbox), which takes from here how a mail is composed and what it
looks like; the platform's own few mails are delivered here, one by one.

A mail is claimed in one transaction, handed to the SMTP server outside of any, and its result is written in another.
A worker that dies between the last two leaves it `sending`; the sweeper sends it again after ten minutes. So a mail
arrives at least once.
"""

import logging
import smtplib
from dataclasses import dataclass
from datetime import timedelta
from email.utils import formataddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import QuerySet
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


@dataclass(frozen=True, slots=True)
class Letter:
    """A template's words in a language."""

    subject: str
    text: str
    from_name: str
    reply_to: str


def render(*, template: str, language: str, **context: object) -> Letter:
    """A mail from `emails/<template>.txt` in a language.

    The template's first line is the subject, the rest the text; `from_name` and `reply_to` in the context are used for
    the headers too. Texts in the context are put on one line each: names are typed by people, and none of them may add
    lines, or a header, to the mail.
    """
    context = {name: one_line(value) if isinstance(value, str) else value for name, value in context.items()}
    with translation.override(language):
        rendered = render_to_string(f"emails/{template}.txt", context)
    subject, _, text = rendered.strip().partition("\n")
    return Letter(
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
            return None
        if mail:
            mail.state = OutgoingMail.State.SENDING
            mail.attempts += 1
            mail.due_at = timezone.now() + STUCK
            mail.save(update_fields=["state", "attempts", "due_at"])
        return mail


def waiting(model: type[OutgoingMail]) -> QuerySet[OutgoingMail]:
    """The mails that are due: never tried, to be tried again, or left behind by a worker that died."""
    unsent = model._default_manager.filter(state__in=[OutgoingMail.State.WAITING, OutgoingMail.State.SENDING])
    return unsent.filter(due_at__lte=timezone.now())


def envelope(
    *,
    key: object,
    scope: str,
    to: str,
    subject: str,
    text: str,
    html: str = "",
    sender: str = "",
    from_name: str = "",
    reply_to: str = "",
    make: type[EmailMultiAlternatives] = EmailMultiAlternatives,
) -> EmailMultiAlternatives:
    """A mail as it leaves, with a Message-ID that is the same at each attempt. Raises Unwritable.

    `scope` says in whose name, `key` is the mail's own, `sender` the bare address it comes from.
    """
    sender = sender or settings.DEFAULT_FROM_EMAIL
    own_domain = sender.rpartition("@")[2].rstrip("> ")
    domain = settings.PLATFORM_DOMAIN if sender == settings.DEFAULT_FROM_EMAIL else own_domain
    message = make(
        subject,
        text,
        formataddr((from_name, sender)),
        [to],
        reply_to=[reply_to] if reply_to else None,
        headers={"Message-ID": f"<{key}@{domain}>", "X-Lastmile-Scope": scope},
    )
    if html:
        message.attach_alternative(html, "text/html")
    try:
        message.message()
    except ValueError as error:
        raise Unwritable(type(error).__name__) from error
    return message


def refused_for_good(error: Exception) -> bool:
    """Whether an attempt ended in a way that no other one will change."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, Unwritable)


def _send(mail: OutgoingMail) -> None:
    envelope(
        key=mail.uuid,
        scope=required().label,
        to=mail.to,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        from_name=mail.from_name,
        reply_to=mail.reply_to,
    ).send()


def _note_failure(model: type[OutgoingMail], mail: OutgoingMail, error: Exception) -> None:
    """Try again after 1, 2, 4 … minutes; after the last attempt, or a refusal for good, stop."""
    over = refused_for_good(error) or mail.attempts >= ATTEMPTS
    logger.warning("Mail %s was not sent (attempt %s): %s", mail.uuid, mail.attempts, type(error).__name__)
    with transaction.atomic():
        model._default_manager.filter(pk=mail.pk).update(
            state=OutgoingMail.State.FAILED if over else OutgoingMail.State.WAITING,
            due_at=timezone.now() + timedelta(minutes=2 ** (mail.attempts - 1)),
            error=f"{type(error).__name__}: {error}"[:300],
        )
