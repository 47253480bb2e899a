"""What becomes of a request: a subscriber, a login and a service, and the visit that brings them about."""

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from company.models import Profile
from core import audit
from core.uploads import PICTURES, PNG, store
from messaging.services import notify
from preinstall.models import Installation, InstallationChange, InstallationPhoto, InstallRequest, State, StateChange
from preinstall.models.installations import PHOTOS
from subscribers.models import Router, Service, Subscriber, Tariff
from subscribers.services.connections import CannotChangeState, change_service_state, create_service
from subscribers.services.customers import create_subscriber
from subscribers.services.logins import create_portal_user
from subscribers.services.numbers import next_number
from subscribers.services.recipients import recipient_of
from tenants.directory import IspRef
from tenants.models import StaffUser


class CannotActivate(Exception):
    """The request has become an installation already, or was rejected."""


class NotPlanned(Exception):
    """The installation was done or cancelled meanwhile."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Who goes when. The day and the times are the ISP's; `cost` is in its currency, for the subscriber to pay."""

    on: date
    technician: StaffUser
    begins: time | None = None
    ends: time | None = None
    cost: Decimal = Decimal(0)
    notes: str = ""

    def put_into(self, installation: Installation) -> None:
        """Make it the plan of an installation, unsaved."""
        installation.on, installation.begins, installation.ends = self.on, self.begins, self.ends
        installation.cost, installation.notes = self.cost, self.notes
        installation.technician_id, installation.technician_name = self.technician.pk, self.technician.name


@dataclass(frozen=True, slots=True)
class Connection:
    """What is to be connected, and where in the network."""

    tariff: Tariff
    address: str = ""
    router: Router | None = None
    ip_address: str | None = None
    queue_name: str = ""


def activate_request(
    *,
    isp: IspRef,
    request: InstallRequest,
    by: StaffUser,
    connection: Connection,
    visit: Visit,
    subscriber: Subscriber | None = None,
    person: dict[str, Any] | None = None,
    username: str = "",
) -> Installation:
    """Make subscriber, login, pending service and planned visit of a request, all or nothing.

    `subscriber` is one who is there already; else `person` is what create_subscriber takes. A `username` opens a login
    that nobody can use until a password is set. Raises CannotActivate, as when somebody else was quicker, and
    ValidationError for an IP address or a user name that is taken.
    """
    request = InstallRequest.objects.select_for_update().get(pk=request.pk)
    if not request.can_be_activated:
        raise CannotActivate(request.get_state_display())
    if subscriber is None:
        subscriber = create_subscriber(by=by, **(person or {}))
    if username:
        create_portal_user(
            by=by,
            subscriber=subscriber,
            username=username,
            password=None,
            email=subscriber.email,
            language=request.language,
        )
    service = create_service(
        by=by,
        subscriber=subscriber,
        tariff=connection.tariff,
        state=Service.State.PENDING,
        address=connection.address,
        router=connection.router,
        ip_address=connection.ip_address,
        queue_name=connection.queue_name,
    )
    before, request.state, request.subscriber = request.state, State.ACTIVATED, subscriber
    request.save(update_fields=["state", "subscriber"])
    StateChange.objects.create(request=request, state=request.state, by_id=by.pk, by_name=by.name)
    details = {"number": request.number, "before": before, "after": request.state, "subscriber": subscriber.number}
    audit.record("preinstall.request.activated", by=by, on=request, **details)
    return plan_installation(isp=isp, service=service, by=by, visit=visit, request=request)


def plan_installation(
    *, isp: IspRef, service: Service, by: StaffUser, visit: Visit, request: InstallRequest | None = None
) -> Installation:
    """Plan the visit that connects a pending service, and tell the subscriber.

    Raises NotPlanned if the service is not pending any more or somebody else has planned a visit for it.
    """
    service = Service.objects.select_for_update(of=("self",)).select_related("subscriber").get(pk=service.pk)
    if service.state != Service.State.PENDING or service.installations.planned().exists():
        raise NotPlanned
    installation = Installation(number=next_number(Installation), service=service, request=request)
    visit.put_into(installation)
    installation.save()
    _note(installation, by=by)
    _record("preinstall.installation.planned", by=by, installation=installation)
    _tell(isp, installation, "planned")
    return installation


def move_installation(*, isp: IspRef, installation: Installation, by: StaffUser, visit: Visit) -> Installation:
    """Give a planned visit another day, time or technician; the subscriber is told of another day or time.

    Raises NotPlanned.
    """
    installation = _locked(installation)
    before = (installation.on, installation.begins, installation.ends)
    was = {"day": str(installation.on), "technician": installation.technician_name}
    visit.put_into(installation)
    installation.save()
    _note(installation, by=by)
    _record("preinstall.installation.moved", by=by, installation=installation, was=was)
    if before != (installation.on, installation.begins, installation.ends):
        _tell(isp, installation, "moved")
    return installation


def cancel_installation(
    *, isp: IspRef, installation: Installation, by: StaffUser, reason: str, ends_service: bool = False
) -> Installation:
    """Call a planned visit off, and the service with it if asked for; else another visit can be planned for it.

    Raises NotPlanned.
    """
    installation = _locked(installation)
    installation.state = Installation.State.CANCELLED
    installation.save(update_fields=["state"])
    _note(installation, by=by, reason=reason)
    _record("preinstall.installation.cancelled", by=by, installation=installation, reason=reason)
    if ends_service:
        change_service_state(by=by, service=installation.service, to=Service.State.ENDED, reason=reason)
    _tell(isp, installation, "cancelled")
    return installation


def finish_installation(
    *,
    installation: Installation,
    by: StaffUser,
    photos: list[UploadedFile],
    signature: bytes = b"",
    signed_by: str = "",
    report: str = "",
    at: datetime | None = None,
) -> Installation:
    """Mark a visit as done, with its pictures and the subscriber's signature (a PNG), and activate the service.

    Sent twice, as on a bad line, it is done once: the second time returns what the first has made. Raises NotPlanned
    for a cancelled one and core.uploads.BadUpload for a picture that cannot be read, which leaves it planned.
    """
    found = Installation.objects.select_for_update(of=("self",)).select_related("service").get(pk=installation.pk)
    if found.state == Installation.State.DONE:
        return found
    if not found.is_planned:
        raise NotPlanned
    files = [store(photo, kinds=PICTURES, longest_side=2000) for photo in photos[:PHOTOS]]
    if signature:
        upload = ContentFile(signature, name="signature.png")
        found.signature = store(upload, kinds={PNG}, longest_side=1200)  # type: ignore[arg-type]
    found.state, found.done_at = Installation.State.DONE, at or timezone.now()
    found.report, found.signed_by = report, signed_by
    found.save()
    InstallationPhoto.objects.bulk_create(InstallationPhoto(installation=found, file=file) for file in files)
    _note(found, by=by)
    _record("preinstall.installation.done", by=by, installation=found, photos=len(files), signed_by=signed_by)
    try:
        day = timezone.localdate(found.done_at)
        change_service_state(by=by, service=found.service, to=Service.State.ACTIVE, on=day, reason=found.reference)
    except CannotChangeState:
        pass  # the office was quicker
    return found


def _locked(installation: Installation) -> Installation:
    rows = Installation.objects.select_for_update(of=("self",)).select_related("service__subscriber")
    found = rows.get(pk=installation.pk)
    if not found.is_planned:
        raise NotPlanned
    return found


def _note(installation: Installation, *, by: StaffUser, reason: str = "") -> None:
    InstallationChange.objects.create(
        installation=installation,
        state=installation.state,
        on=installation.on,
        begins=installation.begins,
        technician_name=installation.technician_name,
        reason=reason,
        by_id=by.pk,
        by_name=by.name,
    )


def _record(verb: str, *, by: StaffUser, installation: Installation, **details: Any) -> None:
    service = installation.service
    about = {"number": installation.number, "service": service.number, "subscriber": service.subscriber.number}
    now = {"day": str(installation.on), "technician": installation.technician_name}
    audit.record(verb, by=by, on=installation, **about, **now, **details)


def _tell(isp: IspRef, installation: Installation, what: str) -> None:
    """Tell the subscriber, where that is possible."""
    subscriber, profile = installation.service.subscriber, Profile.load()
    language = installation.request.language if installation.request else isp.language
    notify(
        event=f"preinstall/installation_{what}",
        recipient=recipient_of(subscriber, isp=isp, language=language),
        name=subscriber.full_name,
        installation=installation,
        company=profile.display_name or isp.name,
        profile=profile,
        from_name=profile.display_name or isp.name,
        reply_to=profile.email,
    )
