"""SMS that subscribers send in the portal, and their directory of numbers."""

import re
import zoneinfo
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from core.acting import in_own_name
from core.audit import Actor, record
from core.changes import Changes, set_fields
from messaging import sms
from messaging.models import Medium, Message, StoppedAddress
from messaging.models.messages import MessageQuerySet
from messaging.services import can_send, write_message
from messaging.services.writing import sms_spelling
from subscribers.models import Contact, PortalUser, SmsRules, Subscriber

OCCASION = "portal/sms"
CONTACTS = 200  # of one subscriber
# Addresses of pages, with or without a scheme; also those whose dots somebody has spelled around.
DOT = r"(?:\.|\s?\[\.\]\s?|\s?\(dot\)\s?)"
LINK = re.compile(rf"https?:|www\.|\b[\w-]+{DOT}[a-z]{{2,24}}(?:/|\b)", re.IGNORECASE)


class CannotSend(Exception):
    """It was not sent; each kind below says why."""


class NotAllowed(CannotSend):
    """The ISP does not allow it, or has no channel for SMS."""


class CapReached(CannotSend):
    """As many were sent as a subscriber may in the month, or in a day (`is_of_day`)."""

    def __init__(self, *, is_of_day: bool) -> None:
        super().__init__()
        self.is_of_day = is_of_day


class HasLink(CannotSend):
    """The text holds a link."""


class TooLong(CannotSend):
    """The text takes more segments than are allowed."""


class Unwanted(CannotSend):
    """Who has the number wants no messages, or nobody has it."""


class TooManyContacts(Exception):
    """The directory is full."""


class KnownContact(Exception):
    """The number stands in the directory already."""


def is_offered() -> bool:
    """Whether subscribers can send SMS; two queries at most."""
    return SmsRules.load().is_on and can_send(Medium.SMS)


def sent_by(subscriber: Subscriber) -> MessageQuerySet:
    """What a subscriber wrote in the portal, the latest first."""
    return Message.objects.filter(medium=Medium.SMS, occasion=OCCASION, subscriber_key=subscriber.pk)


def used(subscriber: Subscriber, *, at: datetime, tz: str) -> tuple[int, int]:
    """How many a subscriber sent in the month, and in the day, of the ISP's calendar. One query."""
    day = timezone.localtime(at, zoneinfo.ZoneInfo(tz)).replace(hour=0, minute=0, second=0, microsecond=0)
    times = list(
        sent_by(subscriber)
        .exclude(state=Message.State.STOPPED)
        .filter(created_at__gte=min(day.replace(day=1), day - timedelta(days=1)))
        .order_by()
        .values_list("created_at", flat=True)
    )
    return sum(moment >= day.replace(day=1) for moment in times), sum(moment >= day for moment in times)


@transaction.atomic
def send_sms(*, by: PortalUser, to: str, text: str, key: UUID, at: datetime, tz: str) -> Message:
    """Write one SMS, at the ISP's cost. A form that is sent twice sends once. Raises CannotSend, and Erased.

    `to` is E.164. Of two at once the second one waits, so no cap is passed.
    """
    in_own_name()
    subscriber = Subscriber.objects.lock_to_add(by.subscriber_id)
    name = f"portal-sms:{subscriber.pk}:{key}"
    if (known := Message.objects.filter(key=name).first()) is not None:
        return known
    rules = SmsRules.load()
    if not (rules.is_on and can_send(Medium.SMS)):
        raise NotAllowed
    _judge_text(rules, text)
    in_month, in_day = used(subscriber, at=at, tz=tz)
    if rules.per_month is not None and in_month >= rules.per_month:
        raise CapReached(is_of_day=False)
    if in_day >= rules.per_day:
        raise CapReached(is_of_day=True)
    if StoppedAddress.objects.filter(medium=Medium.SMS, address=to).exists():
        raise Unwanted
    message = write_message(
        medium=Medium.SMS,
        to=to,
        text=text,
        key=name,
        about=subscriber.pk,
        occasion=OCCASION,
        data={"by": by.pk},
        language=by.language,
    )
    record("subscribers.sms.sent", by=by, on=message, subscriber=subscriber.number)
    return message


def _judge_text(rules: SmsRules, text: str) -> None:
    if not rules.allows_links and LINK.search(text):
        raise HasLink
    if sms.count(sms.spelled(text, sms_spelling())).segments > rules.segments:
        raise TooLong


@transaction.atomic
def add_contact(*, by: PortalUser, name: str, phone: str) -> Contact:
    """Write a number into the directory. Raises TooManyContacts, KnownContact, Erased."""
    subscriber = Subscriber.objects.lock_to_add(by.subscriber_id)
    if subscriber.contacts.count() >= CONTACTS:  # type: ignore[attr-defined]
        raise TooManyContacts
    if Contact.objects.filter(subscriber=subscriber, phone=phone).exists():
        raise KnownContact
    row = Contact.objects.create(subscriber=subscriber, name=name, phone=phone)
    record("subscribers.contact.added", by=by, on=row)
    return row


@transaction.atomic
def rename_contact(*, by: PortalUser, contact: Contact, name: str, phone: str) -> None:
    """Change name and number. Raises KnownContact."""
    row = Contact.objects.select_for_update().get(pk=contact.pk)
    row.name, row.phone = name, phone
    try:
        with transaction.atomic():
            row.save(update_fields=["name", "phone"])
    except IntegrityError as error:
        raise KnownContact from error
    record("subscribers.contact.changed", by=by, on=row)


@transaction.atomic
def delete_contact(*, by: PortalUser, contact: Contact) -> None:
    """Take it out of the directory."""
    record("subscribers.contact.deleted", by=by, on=contact)
    contact.delete()


@transaction.atomic
def change_sms_rules(*, by: Actor, values: Mapping[str, Any]) -> Changes:
    """Say whether subscribers may write SMS in the portal, and how many."""
    row = SmsRules.locked()
    if changes := set_fields(row, values):
        record("subscribers.sms_rules.changed", by=by, on=row, changes=changes)
    return changes
