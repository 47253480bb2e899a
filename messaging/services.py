"""Sending in the name of the ISP whose scope is open."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from company.models import Profile
from core.audit import Actor, record
from core.celery import enqueue_on_commit
from core.changes import Changes, set_fields
from core.mail import SETTLED, one_line
from core.scope import NoScope, required
from messaging.models import Message, MessageSettings
from messaging.occasions import name_of
from messaging.reader import current_isp
from messaging.tasks import deliver_mail
from messaging.text_services import note_failure, note_try, warning_of
from messaging.texts import Words, mail_words
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
    group: int | None = None,
    has_secret: bool = False,
    is_last: bool = False,
    **context: object,
) -> Message:
    """Write a mail of the current ISP and have it delivered once the transaction is durable.

    Its words are the ISP's own for the event that `template` names, or else `emails/<template>.txt`; see
    messaging.texts. `from_name` and `reply_to` in the context are used for the headers too. `about` is the key of the
    subscriber in whose matter it is, on whose card it stands, `group` that of their invoice group. `has_secret` says that it
    carries a link that lets somebody in: its text is erased once it is sent. `is_last`: then nothing of the mail is
    kept. If the task is lost, the ISP's sweep finds the mail a minute later.
    """
    words = mail_words(template, language=language, group=group, context=context)
    mail = Message.objects.create(
        to=to,
        subject=words.subject,
        text=words.text,
        html=words.html,
        from_name=one_line(str(context.get("from_name", "")))[:120],
        reply_to=one_line(str(context.get("reply_to", ""))),
        language=language,
        occasion=template,
        subscriber_key=about,
        has_secret=has_secret,
        is_last=is_last,
    )
    _have_delivered(mail)
    tell_of_failure(words)
    return mail


def send_test(*, by: Actor, to: str, words: Words, event: str) -> Message:
    """Send somebody of the staff what a text looks like. What is written for a phone comes as a mail, too."""
    profile = Profile.load()
    mail = Message.objects.create(
        to=to,
        subject=(gettext("Test: %(subject)s") % {"subject": words.subject or name_of(event)})[:200],
        text=words.text,
        html=words.html,
        from_name=(profile.display_name or current_isp().name)[:120],
        reply_to=profile.email,
        occasion=event,
    )
    note_try(by=by, event=event)
    _have_delivered(mail)
    return mail


def tell_of_failure(words: Words) -> None:
    """Tell the company of a text of its own that could not be used, the first time."""
    if words.failed and note_failure(row=words.failed, problem=words.problem):
        words.failed.problem = words.problem
        if warning := warning_of(words.failed):
            send_mail(**warning)


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
