"""What is held about customers in this app. What those below it hold stands in `personal_traces`."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.personal import STAFF, TECHNICAL, not_personal, obstacle, personal
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
ANSWERED = _("It shows that the request was answered in time.")

not_personal(Tariff, Zone, Router, because="what is sold, and the network")
not_personal(PriceChange, because="what a service had cost, for billing by days")
not_personal(Enforcement, because="which services should work in the network")
not_personal(Counter, LoginRules, ProfileRule, SmsRules, because="settings and numbers")
not_personal(ConsentDocument, ConsentVersion, because="texts of the ISP")
not_personal(BulkRun, LoginRun, because="what staff did with many: keys of rows, and what was chosen")
not_personal(Sending, because="words to many, with the keys of those whom they are for")
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


@obstacle
def lasting_services(subject: Subject) -> list[Any]:
    """Nobody is erased who still has a service."""
    services = Service.objects.lasting().filter(subscriber=subject.pk).order_by("number")
    return [
        gettext("Service %(number)s has not ended: end it first.") % {"number": number}
        for number in services.values_list("number", flat=True)
    ]
