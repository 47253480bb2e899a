"""What the apps below this one hold about customers without knowing who a customer is: messages, the log, and files."""

from typing import Any

from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast, Lower
from django.utils.translation import gettext_lazy as _

from core import uploads
from core.models import AuditEntry, StoredFile
from core.personal import STAFF, TECHNICAL, not_personal, personal
from messaging.models import (
    Browser,
    ChannelAccount,
    EarlyEvent,
    EventRule,
    Message,
    MessageSettings,
    OptOut,
    OwnText,
    QuietHours,
    ReceivedMessage,
    SenderDomain,
    StaffPhone,
    StoppedAddress,
    TextVersion,
)
from messaging.phones import spellings
from subscribers.models import PortalUser
from subscribers.subject import Subject

LOG = _("Who of your staff did what and when stays; names and contents are taken out.")
NEVER_AGAIN = _("Nobody writes there again by mistake.")


def mails_of(subject: Subject) -> QuerySet[Message]:
    """Those to one of the addresses, and those to others that hold one, a phone or an official number.

    What another customer wrote to the phone is that one's.
    """
    rows = Message.objects.order_by().alias(address=Lower("to"))
    about = Q(address__in=subject.emails) | Q(subscriber_key=subject.pk)
    about |= Q(to__in=subject.phones, subscriber_key=None)
    for mark in subject.marks:
        about |= Q(text__icontains=mark) | Q(html__icontains=mark)
    return rows.filter(about)


def received_of(subject: Subject) -> QuerySet[ReceivedMessage]:
    """What came from the customer's phones, however carriers spell them."""
    phones = [each for phone in subject.phones for each in spellings(phone)]
    return ReceivedMessage.objects.order_by().filter(sender__in=phones)


def stopped_of(subject: Subject) -> QuerySet[StoppedAddress]:
    """Those that are the customer's."""
    return StoppedAddress.objects.order_by().filter(address__in=[*subject.emails, *subject.phones])


personal(
    Message,
    title=_("Messages"),
    rows=mails_of,
    exported=("medium", "to", "subject", "text", "created_at", "sent_at", "delivered_at"),
    hidden=(
        "from_name",
        "reply_to",
        "html",
        "error",
        "occasion",
        "kind",
        "key",
        "data",
        "number_there",
        "channel",
        "language",
    ),
    deleted=True,
)
personal(
    ReceivedMessage,
    title=_("Received messages"),
    rows=received_of,
    exported=("medium", "sender", "text", "at"),
    hidden=("number_there", "channel", "word"),
    deleted=True,
)
personal(
    StoppedAddress,
    title=_("Addresses that are not written to"),
    rows=stopped_of,
    exported=("medium", "address", "reason", "at"),
    hidden=("said",),
    kept={"address": NEVER_AGAIN, "said": NEVER_AGAIN},
    because=NEVER_AGAIN,
)
not_personal(SenderDomain, because="the address that the ISP's mails come from")
not_personal(EarlyEvent, because="what a carrier said of a number, for a day")
not_personal(ChannelAccount, because="the ISP's accounts with carriers of messages")
personal(
    OptOut,
    title=_("Messages that are not wanted"),
    rows="subscriber_key",
    exported=("kind", "medium", "at"),
    hidden=("by_kind", "by_name"),
    deleted=True,
)
personal(
    Browser,
    title=_("Browsers with notifications"),
    rows="subscriber_key",
    exported=("name", "made_at"),
    hidden=("digest", "endpoint", "p256dh", "auth"),
    deleted=True,
)
not_personal(EventRule, QuietHours, because="how events are told")
not_personal(OwnText, TextVersion, because="words of the ISP, with variables in place of people")
not_personal(StaffPhone, because="phones of staff")
not_personal(MessageSettings, because="how long messages are kept")


# What stays of the details of an act, if it is of one of these kinds; texts that people typed never do.
_SAFE = {"number", "subscriber", "version", "kind", "paper", "before", "after", "how", "role", "portal_role", "amount"}


def entries_of(subject: Subject) -> QuerySet[AuditEntry]:
    """Acts on the customer and on what is theirs, acts of their logins, and others that name them."""
    about = Q(details__subscriber=subject.number)
    about |= Q(actor_kind=PortalUser().audit_kind, actor_id__in=subject.login_keys)
    for label, keys in subject.keys.items():
        if keys and label != Message._meta.label_lower:
            about |= Q(target_type=label, target_id__in=[str(key) for key in keys])
    rows = AuditEntry.objects.order_by().alias(words=Cast("details", CharField()))
    for mark in subject.marks:
        about |= Q(words__icontains=mark)
    return rows.filter(about)


def _blank_entries(subject: Subject, rows: QuerySet[AuditEntry]) -> None:
    logins = set(subject.login_keys)
    changed = list(rows)
    for entry in changed:
        entry.details = _harmless(entry.details)
        if entry.actor_kind == PortalUser().audit_kind and entry.actor_id in logins:
            entry.actor_label = ""
    AuditEntry.objects.bulk_update(changed, ["details", "actor_label"], batch_size=500)


def _harmless(details: dict[str, Any]) -> dict[str, Any]:
    """What happened, without names and contents: of changes the names of the fields."""
    safe = {key: value for key, value in details.items() if key in _SAFE and not isinstance(value, (dict, list))}
    fields = details.get("changes") or details.get("fields") or []
    return safe | ({"fields": list(fields)} if fields else {}) | {"erased": True}


personal(
    AuditEntry,
    title=_("Activity log"),
    rows=entries_of,
    exported=("at", "verb", "details"),
    hidden=("actor_kind", "actor_label", "target_type", "target_id"),
    blanked=("details",),
    kept={
        "verb": TECHNICAL,
        "actor_kind": TECHNICAL,
        "actor_label": STAFF,
        "target_type": TECHNICAL,
        "target_id": TECHNICAL,
    },
    because=LOG,
    erase=_blank_entries,
    late=True,
)


def files_of(subject: Subject) -> QuerySet[StoredFile]:
    return StoredFile.objects.filter(pk__in=subject.files)


def _remove_files(subject: Subject, rows: QuerySet[StoredFile]) -> None:
    for file in rows:
        uploads.remove(file)


personal(
    StoredFile,
    title=_("Files"),
    rows=files_of,
    exported=("name", "content_type", "created_at"),
    hidden=("path", "sha256"),
    deleted=True,
    erase=_remove_files,
    late=True,
)
