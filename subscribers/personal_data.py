"""What is held about customers in this app, and in those below it, which do not know who a customer is."""

from typing import Any

from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast, Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core import uploads
from core.models import AuditEntry, StoredFile
from core.personal import STAFF, TECHNICAL, not_personal, obstacle, personal
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
from subscribers.models import (
    Announcement,
    AnnouncementRead,
    AutoLoginLink,
    BulkLeftOut,
    BulkRun,
    Consent,
    ConsentDocument,
    ConsentVersion,
    Contact,
    Counter,
    Enforcement,
    ListSettings,
    LoginRules,
    LoginRun,
    Note,
    PersonalExport,
    PersonalRequest,
    PortalToken,
    PortalUser,
    Preview,
    PriceChange,
    ProfileChange,
    ProfileRule,
    Router,
    SavedView,
    Sending,
    SendingLeftOut,
    Service,
    ServiceChange,
    SignInBlock,
    SmsRules,
    Subscriber,
    SubscriberDocument,
    Tariff,
    Zone,
)
from subscribers.models.subscriber import BLANKED
from subscribers.subject import Subject

NUMBER = _("The number stays, so that what has to be kept belongs to something and is not given to somebody else.")
SPEED = _("What was sold, for how much and from when until when belongs to the books.")
PROOF = _("Who asks for consent has to be able to show that it was given; the number alone is named.")
NEVER_AGAIN = _("Nobody writes there again by mistake.")
ANSWERED = _("It shows that the request was answered in time.")
LOG = _("Who of your staff did what and when stays; names and contents are taken out.")

not_personal(Tariff, Zone, Router, because="what is sold, and the network")
not_personal(PriceChange, because="what a service had cost, for billing by days")
not_personal(Enforcement, because="which services should work in the network")
not_personal(Counter, LoginRules, ProfileRule, SmsRules, because="settings and numbers")
not_personal(ConsentDocument, ConsentVersion, because="texts of the ISP")
not_personal(BulkRun, LoginRun, because="what staff did with many: keys of rows, and what was chosen")
not_personal(Sending, because="words to many, with the keys of those whom they are for")
not_personal(SenderDomain, because="the address that the ISP's mails come from")
not_personal(EarlyEvent, because="what a carrier said of a number, for a day")
not_personal(SavedView, ListSettings, because="how staff look at lists; a search of theirs is theirs to delete")

personal(
    Subscriber,
    title=_("Customer"),
    rows="pk",
    exported=("number", *BLANKED, "kind", "zone", "group", "created_at"),
    blanked=BLANKED,
    because=NUMBER,
)
personal(
    Service,
    title=_("Services"),
    rows="subscriber",
    exported=("number", "tariff", "price", "state", "address", "ip_address", "queue_name", "started_on", "ended_on"),
    blanked=("address", "ip_address", "queue_name"),
    because=SPEED,
)
personal(
    ServiceChange,
    title=_("Changes of services"),
    rows="service__subscriber",
    exported=("state", "reason", "at"),
    hidden=("by_kind", "by_name"),
    blanked=("reason",),
    kept={"by_kind": TECHNICAL, "by_name": STAFF},
    because=SPEED,
)
personal(
    PortalUser,
    title=_("Logins"),
    rows="subscriber",
    exported=(
        "username",
        "person",
        "email",
        "language",
        "role",
        "valid_from",
        "valid_until",
        "created_at",
        "last_login",
    ),
    hidden=("password",),
    deleted=True,
)
personal(
    Contact,
    title=_("Directory of numbers"),
    rows="subscriber",
    exported=("name", "phone", "created_at"),
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
personal(
    PortalToken,
    title=_("Links that were mailed"),
    rows="portal_user__subscriber",
    exported=("created_at", "expires_at", "used_at"),
    hidden=("digest", "purpose"),
    deleted=True,
)
personal(
    AutoLoginLink,
    title=_("Auto-login links"),
    rows="portal_user__subscriber",
    exported=("scope", "created_at", "expires_at", "last_used_at", "uses"),
    hidden=("digest", "by_kind", "by_name"),
    deleted=True,
)
personal(
    SignInBlock,
    title=_("Blocks after failed sign-ins"),
    rows="portal_user__subscriber",
    exported=("since", "until"),
    hidden=("network",),
    deleted=True,
)
personal(
    Preview,
    title=_("Looks at the portal by staff"),
    rows="portal_user__subscriber",
    exported=("created_at", "ends_at", "ended_at"),
    hidden=("digest", "purpose", "by_name", "sign_in_digest", "origin", "host"),
    deleted=True,
)
personal(
    ProfileChange,
    title=_("Changes that were asked for"),
    rows="subscriber",
    exported=("username", "state", "wanted", "asked_at", "decided_at", "reason"),
    hidden=("by_name",),
    deleted=True,
)
personal(
    Announcement,
    title=_("Messages in the portal"),
    rows="subscriber",
    exported=("title", "text", "begins_at", "ends_at"),
    hidden=("by_name",),
    deleted=True,
)
personal(
    AnnouncementRead,
    title=_("Messages in the portal that were read"),
    rows="portal_user__subscriber",
    exported=("at",),
    deleted=True,
)
personal(
    SendingLeftOut,
    title=_("Messages to many that were not written"),
    rows="subscriber",
    exported=("reason",),
    deleted=True,
)
personal(Note, title=_("Notes"), rows="subscriber", exported=("text", "at"), hidden=("by_name",), deleted=True)
personal(
    SubscriberDocument,
    title=_("Documents"),
    rows="subscriber",
    exported=("kind", "title", "at", "file"),
    hidden=("by_name",),
    deleted=True,
)
personal(
    BulkLeftOut,
    title=_("Bulk changes that left the customer out"),
    rows="subscriber",
    exported=("reason",),
    deleted=True,
)
personal(
    Consent,
    title=_("Consents"),
    rows="subscriber",
    exported=("document", "version", "how", "given_at", "ended_at", "end", "ended_how"),
    hidden=("by_kind", "by_name", "ended_by_kind", "ended_by_name"),
    kept={"by_kind": TECHNICAL, "by_name": STAFF, "ended_by_kind": TECHNICAL, "ended_by_name": STAFF},
    because=PROOF,
)
personal(
    PersonalExport,
    title=_("Copies of the data"),
    rows="subscriber",
    exported=("state", "asked_at"),
    hidden=("file", "language", "by_name"),
    deleted=True,
)
personal(
    PersonalRequest,
    title=_("Requests about the own data"),
    rows="subscriber",
    exported=("kind", "state", "username", "asked_at", "decided_at", "answer"),
    hidden=("by_name",),
    blanked=("username", "answer"),
    kept={"by_name": STAFF},
    because=ANSWERED,
)


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
not_personal(ChannelAccount, because="the ISP's accounts with carriers of messages")
personal(
    OptOut,
    title=_("Messages that are not wanted"),
    rows="subscriber_key",
    exported=("kind", "medium", "at"),
    hidden=("by_kind", "by_name"),
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


@obstacle
def lasting_services(subject: Subject) -> list[Any]:
    """Nobody is erased who still has a service."""
    services = Service.objects.lasting().filter(subscriber=subject.pk).order_by("number")
    return [
        gettext("Service %(number)s has not ended: end it first.") % {"number": number}
        for number in services.values_list("number", flat=True)
    ]
