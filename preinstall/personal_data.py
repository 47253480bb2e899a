"""What this app holds about customers, and what stands against an erasure."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.personal import STAFF, TECHNICAL, not_personal, obstacle, personal
from preinstall.models import (
    DraftUpload,
    Installation,
    InstallationChange,
    InstallationPhoto,
    InstallRequest,
    RequestComment,
    RequestCounter,
    RequestDocument,
    StateChange,
)
from preinstall.models.requests import _same_id, id_key
from subscribers.subject import Subject

COUNTED = _("Requests and installations are counted by number; who it was is not needed for that.")

not_personal(RequestCounter, because="a number")
not_personal(DraftUpload, because="files of forms that nobody has sent: of nobody known, and gone after a day")


def requests_of(subject: Subject) -> QuerySet[InstallRequest]:
    """Those that became this subscriber, and those with the same official number."""
    same = Q(subscriber=subject.pk)
    if keys := [key for number in subject.id_numbers if len(key := id_key(number)) > 4]:
        same |= Q(id_key__in=keys)
    return InstallRequest.objects.order_by().alias(id_key=_same_id("id_number")).filter(same)


def _of_requests(model: Any) -> Any:
    return lambda subject: model.objects.order_by().filter(request__in=requests_of(subject).values("pk"))


personal(
    InstallRequest,
    title=_("Install requests"),
    rows=requests_of,
    exported=(
        *("number", "state", "first_name", "last_name", "id_number", "email", "address", "district", "city"),
        *("postcode", "mobile", "second_mobile", "comments", "language", "created_at"),
    ),
    blanked=(
        *("first_name", "last_name", "id_number", "email", "address", "district", "city", "postcode", "mobile"),
        *("second_mobile", "comments"),
    ),
    kept={"language": TECHNICAL},
    because=COUNTED,
)
personal(
    StateChange,
    title=_("Decisions on install requests"),
    rows=_of_requests(StateChange),
    exported=("state", "reason", "at"),
    hidden=("by_name",),
    blanked=("reason",),
    kept={"by_name": STAFF},
    because=COUNTED,
)
personal(
    RequestDocument,
    title=_("Documents of install requests"),
    rows=_of_requests(RequestDocument),
    exported=("kind", "file"),
    deleted=True,
)
personal(
    RequestComment,
    title=_("Comments on install requests"),
    rows=_of_requests(RequestComment),
    exported=("text", "at"),
    hidden=("by_name",),
    deleted=True,
)
personal(
    Installation,
    title=_("Installations"),
    rows="service__subscriber",
    exported=(
        *("number", "state", "on", "begins", "ends", "cost", "notes", "report", "signed_by", "signature"),
        *("created_at", "done_at"),
    ),
    hidden=("technician_name",),
    blanked=("notes", "report", "signed_by", "signature"),
    kept={"technician_name": STAFF},
    because=COUNTED,
)
personal(
    InstallationChange,
    title=_("Changes of installations"),
    rows="installation__service__subscriber",
    exported=("state", "on", "begins", "reason", "at"),
    hidden=("by_name", "technician_name"),
    blanked=("reason",),
    kept={"by_name": STAFF, "technician_name": STAFF},
    because=COUNTED,
)
personal(
    InstallationPhoto,
    title=_("Photos of installations"),
    rows="installation__service__subscriber",
    exported=("file",),
    deleted=True,
)


@obstacle
def open_requests(subject: Subject) -> list[Any]:
    """Nobody is erased who waits for a decision."""
    waiting = requests_of(subject).open().order_by("number")
    return [gettext("The install request %(number)s waits for a decision.") % {"number": row} for row in waiting]
