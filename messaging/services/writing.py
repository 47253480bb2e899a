"""Writing messages: a row in the caller's transaction, which the outbox hands over once that is durable."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.utils import timezone

from core.audit import Actor, record
from core.celery import enqueue_on_commit
from core.mail import SETTLED
from messaging import sms
from messaging.models import ChannelAccount, Medium, Message, StoppedAddress
from messaging.outbox.claims import forget_what_is_over
from messaging.outbox.turns import isp_of_scope
from messaging.phones import E164
from messaging.returns.addresses import ROUNDS
from messaging.tasks import deliver_message, take_turn
from tenants.services import due_work

State, Lane = Message.State, Message.Lane


class CannotResend(Exception):
    """The message was not given up, or it carries a link that may have ended: then a new link is made."""


class AddressStopped(CannotResend):
    """The address is written to no more."""


def can_send(medium: str = Medium.EMAIL) -> bool:
    """Whether messages can leave at all: the ISP has a channel for them, or the installation has a mail server."""
    if medium == Medium.EMAIL and settings.EMAIL_HOST:
        return True
    return ChannelAccount.objects.carrying(medium).exists()


def sms_spelling() -> str:
    """What the ISP wants done about characters that make an SMS cost more; one query."""
    found = ChannelAccount.objects.carrying(Medium.SMS).values_list("spelling", flat=True).first()
    return found or sms.Spelling.AS_IS


def write_message(
    *,
    medium: str,
    to: str,
    text: str,
    subject: str = "",
    html: str = "",
    from_name: str = "",
    reply_to: str = "",
    language: str = "",
    lane: int = Lane.NORMAL,
    key: str = "",
    due_at: datetime | None = None,
    data: Mapping[str, Any] | None = None,
    about: int | None = None,
    occasion: str = "",
    kind: str = "",
    login: int | None = None,
    has_secret: bool = False,
    is_last: bool = False,
) -> Message:
    """Write a message of the current ISP and have it delivered once the transaction is durable.

    `key` names what it is written for: if a message has it already, that one is given and none is written. What goes
    to an address that is stopped or none at all is written as such, to be seen, and not sent. `due_at` is for later,
    `about` the key of the subscriber in whose matter it is, `login` that of the login that it is for, `kind` what
    people choose by. `has_secret` says that it carries a link or a code that
    lets somebody in: it goes first, and its text is erased once it is over. `is_last`: then nothing of it is kept.
    If the task is lost, the ISP's sweep finds the message a minute later.
    """
    if has_secret:
        lane = Lane.URGENT
    if medium == Medium.SMS:
        text = sms.spelled(text, sms_spelling())
    state, error = _verdict(medium, to, lane)
    values = {
        "medium": medium,
        "to": to[:254],
        "text": text.replace("\0", ""),
        "subject": subject[:200].replace("\0", ""),
        "html": html.replace("\0", ""),
        "from_name": from_name[:120],
        "reply_to": reply_to,
        "language": language,
        "lane": lane,
        "key": key,
        "due_at": due_at or timezone.now(),
        "data": dict(data or {}),
        "subscriber_key": about,
        "occasion": occasion,
        "kind": kind,
        "login_key": login,
        "has_secret": has_secret,
        "is_last": is_last,
        "state": state,
        "error": error,
    }
    if key:
        message, is_new = Message.objects.get_or_create(key=key, defaults=values)
        if not is_new:
            return message
    else:
        message = Message.objects.create(**values)
    if state == State.WAITING:
        begin_delivery(message)
    else:
        forget_what_is_over([message.pk])
    return message


def _verdict(medium: str, to: str, lane: int) -> tuple[str, str]:
    """In which state a message to an address begins, and why."""
    if not is_address(medium, to):
        return State.FAILED, "BadAddress"
    stopped = StoppedAddress.objects.filter(medium=medium, address=to.lower()).first()
    if stopped and not (stopped.reason == StoppedAddress.Reason.OPT_OUT and lane == Lane.URGENT):
        return State.STOPPED, f"Stopped:{stopped.reason}"
    return State.WAITING, ""


def is_stopped(mail: Message) -> bool:
    """Whether what a message says would not go to its address any more. One query."""
    return _verdict(mail.medium, mail.to, mail.lane)[0] == State.STOPPED


def is_address(medium: str, to: str) -> bool:
    """Whether it has the form that a medium's addresses have: of e-mail, E.164, or the UUID of a browser."""
    if len(to) > Message._meta.get_field("to").max_length:  # type: ignore[operator,union-attr]
        return False
    try:
        if medium == Medium.EMAIL:
            validate_email(to)
        elif medium == Medium.PUSH:
            UUID(to)
        else:
            return E164.fullmatch(to) is not None
    except (ValidationError, ValueError):
        return False
    return True


def begin_delivery(message: Message) -> None:
    """Have a message that waits delivered after the transaction: once for each medium; urgent ones each by itself."""
    isp_id = isp_of_scope()
    now = timezone.now()
    at = max(message.due_at, now) + SETTLED
    if message.lane == Lane.URGENT and message.due_at <= now:
        due_work.bring_forward(isp_id=isp_id, kind="mail", at=at)
        enqueue_on_commit(deliver_message, isp_id=isp_id, message_id=message.pk)
        return
    if message.due_at > now:
        due_work.bring_forward(isp_id=isp_id, kind="mail", at=message.due_at)
        return
    call = _Turn(isp_id, message.medium)
    if _is_awaited(call):
        return
    due_work.bring_forward(isp_id=isp_id, kind="mail", at=at)
    transaction.on_commit(call, robust=True)


def _is_awaited(call: "_Turn") -> bool:
    """Whether the transaction ends with such a call already, whichever savepoints are undone before its end."""
    held = set(connection.savepoint_ids)
    return any(call == each[1] and each[0] <= held for each in connection.run_on_commit)


class _Turn:
    """The call that begins a turn; equal ones are seen to be equal."""

    def __init__(self, isp_id: int, medium: str) -> None:
        self.kwargs = {"isp_id": isp_id, "medium": str(medium)}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Turn) and other.kwargs == self.kwargs

    def __hash__(self) -> int:
        return hash(tuple(self.kwargs.values()))

    def __call__(self) -> None:
        take_turn.delay(**self.kwargs)


def withdraw_about(subscriber: int) -> None:
    """Send nothing of what waits in the matter of a subscriber who is deleted. In the caller's transaction."""
    waiting = Message.objects.filter(state=State.WAITING, subscriber_key=subscriber)
    keys = list(waiting.values_list("pk", flat=True))
    Message.objects.filter(pk__in=keys, state=State.WAITING).update(state=State.STOPPED, error="Stopped:deleted")
    forget_what_is_over(keys)


@transaction.atomic
def resend(*, by: Actor, mail: Message) -> None:
    """Try a message again that was given up, as often as a new one. Raises CannotResend, AddressStopped.

    Of two at once the second one finds it waiting.
    """
    mail = Message.objects.select_for_update().get(pk=mail.pk)
    if not mail.may_be_sent_again:
        raise CannotResend(mail.state)
    state, error = _verdict(mail.medium, mail.to, mail.lane)
    if state != State.WAITING:
        raise AddressStopped(error)
    mail.state, mail.attempts, mail.due_at, mail.error = State.WAITING, 0, timezone.now(), ""
    mail.returned_at = None
    if mail.channel:
        # It had been taken. By the key of that time a carrier that knows keys would say so again, and send nothing.
        mail.round = min(mail.round + 1, ROUNDS)
    # What the carrier says of the attempt before is said of that one.
    mail.channel, mail.number_there = "", ""
    names = ["state", "attempts", "due_at", "error", "channel", "number_there", "returned_at", "round"]
    mail.save(update_fields=names)
    record("messaging.mail.resent", by=by, on=mail, subject=mail.subject)
    begin_delivery(mail)
