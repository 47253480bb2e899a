"""What happens to install requests."""

from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.db import connection
from django.utils import timezone

from company.models import DocumentKind, Profile
from company.phones import BadPhone
from core import audit, uploads
from core.models import AuditEntry
from core.scope import required
from core.throttle import allow
from core.uploads import store
from domains.links import staff_url
from messaging import sms
from messaging.services import notify
from preinstall.models import (
    DraftUpload,
    InstallRequest,
    RequestComment,
    RequestCounter,
    RequestDocument,
    State,
    StateChange,
)
from subscribers.services.recipients import office, prospect
from tenants.directory import IspRef
from tenants.models import StaffUser

DRAFT_LIFE = timedelta(hours=24)
SAME_LOOK = timedelta(minutes=2)
DAY, HOUR = 86400, 3600  # seconds
MAILS, TEXTS = 5, 2  # forms a day of which one address, and one phone, are told
TEXTS_OF_ISP = 100  # an hour to all phones


class CannotChangeState(Exception):
    """The request is not in a state from which the wanted one can be reached."""


def keep_draft(*, submission: UUID, kind: DocumentKind | str, upload: UploadedFile) -> DraftUpload:
    """Keep a document of a form that is still being filled in, in place of an earlier one.

    Raises core.uploads.BadUpload.
    """
    file = store(upload)
    _lock(submission)
    for earlier in DraftUpload.objects.select_related("file").filter(submission=submission, kind=kind):
        earlier.delete()
        uploads.remove(earlier.file)
    return DraftUpload.objects.create(submission=submission, kind=kind, file=file)


def _lock(submission: UUID) -> None:
    """Let the uploads and the sending of one form wait for each other, until the transaction ends."""
    key = int.from_bytes(submission.bytes[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def submit_request(*, isp: IspRef, submission: UUID, language: str, **data: Any) -> InstallRequest:
    """Make a request of a form and its documents, and tell the ISP and the prospect.

    A form that was sent before gives the request that it became then.
    """
    _lock(submission)
    if earlier := InstallRequest.objects.filter(submission=submission).first():
        return earlier
    request = InstallRequest(submission=submission, language=language, **data)
    request.was_known = request.similar_subscribers().exists() or request.similar_requests().exists()
    request.number = _next_number()
    request.save()
    StateChange.objects.create(request=request, state=State.NEW)
    drafts = DraftUpload.objects.filter(submission=submission)
    RequestDocument.objects.bulk_create(
        RequestDocument(request=request, kind=draft.kind, file_id=draft.file_id) for draft in drafts
    )
    drafts.delete()
    audit.record("preinstall.request.submitted", by=None, on=request, number=request.number)
    _tell_isp(isp, request)
    _tell_prospect(isp, request)
    return request


def _next_number() -> int:
    counter = RequestCounter.locked()
    counter.last += 1
    counter.save(update_fields=["last"])
    return counter.last


def _tell_isp(isp: IspRef, request: InstallRequest) -> None:
    profile = Profile.load()
    if profile.email:
        notify(
            event="preinstall/new_request",
            recipient=office(isp, profile),
            request=request,
            url=staff_url(isp, f"requests/{request.number}/"),
            from_name=profile.display_name or isp.name,
            reply_to=request.email,
        )


def _tell_prospect(isp: IspRef, request: InstallRequest) -> None:
    profile = Profile.load()
    notify(
        event="preinstall/received",
        recipient=prospect(isp, language=request.language, **_heeded(isp, request)),
        name=request.full_name,
        reference=request.reference,
        company=profile.display_name or isp.name,
        profile=profile,
        from_name=profile.display_name or isp.name,
        reply_to=profile.email,
    )


def _heeded(isp: IspRef, request: InstallRequest) -> dict[str, str]:
    """Of the addresses in a form that anybody can send, those that are told of it: nobody is to be flooded in the ISP's
    name, and nobody to have it pay for messages to far or dear numbers.
    """
    email, mobile = request.email, ""
    if email and not allow(f"prospect:{sha256(email.lower().encode()).hexdigest()}", limit=MAILS, seconds=DAY):
        email = ""
    with suppress(BadPhone):
        mobile = sms.mobile(request.mobile, country=isp.country, abroad=False)
    if mobile and not (
        allow(f"prospect:{sha256(mobile.encode()).hexdigest()}", limit=TEXTS, seconds=DAY)
        and allow("prospects", limit=TEXTS_OF_ISP, seconds=HOUR)
    ):
        mobile = ""
    return {"email": email, "mobile": mobile}


def change_state(*, request: InstallRequest, to: State | str, by: StaffUser, reason: str = "") -> InstallRequest:
    """Bring a request into another state.

    Raises CannotChangeState if the step makes no sense, as when somebody else was quicker.
    """
    request = InstallRequest.objects.select_for_update().get(pk=request.pk)
    if to not in request.next_states:
        raise CannotChangeState(request.get_state_display())
    before, request.state = request.state, to
    request.save(update_fields=["state"])
    StateChange.objects.create(request=request, state=to, reason=reason, by_id=by.pk, by_name=by.name)
    details = {"number": request.number, "before": before, "after": str(to), "reason": reason}
    audit.record("preinstall.request.state_changed", by=by, on=request, **details)
    return request


def add_comment(*, request: InstallRequest, text: str, by: StaffUser) -> RequestComment:
    """Add a note of staff."""
    comment = RequestComment.objects.create(request=request, text=text, by_id=by.pk, by_name=by.name)
    audit.record("preinstall.request.commented", by=by, on=request, number=request.number)
    return comment


def note_view(*, document: RequestDocument, by: StaffUser, download: bool = False) -> None:
    """Write down who looked at an identity document, and how.

    What one look loads, the page and its pictures, is one row: looks within SAME_LOOK of each other count once.
    """
    verb = "preinstall.document.downloaded" if download else "preinstall.document.viewed"
    if not download and _is_same_look(document, by, verb):
        return
    audit.record(verb, by=by, on=document, number=document.request.number, kind=document.kind)


def _is_same_look(document: RequestDocument, by: StaffUser, verb: str) -> bool:
    looks = AuditEntry.objects.filter(target_type=document._meta.label_lower, target_id=str(document.pk), verb=verb)
    since = timezone.now() - SAME_LOOK
    return looks.filter(actor_kind=by.audit_kind, actor_id=by.pk, at__gt=since).exists()


def receipt(request: InstallRequest) -> str:
    """What stands in the address of the confirmation page: the number, signed for this ISP."""
    return _receipts().sign_object(request.number)


def read_receipt(text: str) -> InstallRequest | None:
    """The request of a confirmation page, or None for an address that we did not make."""
    try:
        number = _receipts().unsign_object(text)
    except signing.BadSignature:
        return None
    return InstallRequest.objects.filter(number=number).first()


def _receipts() -> signing.Signer:
    return signing.Signer(salt=f"preinstall.receipt:{required().label}")


def sweep_drafts() -> int:
    """Remove the current ISP's documents of forms that nobody sent, and files that a crash left.

    Returns how many documents.
    """
    old = DraftUpload.objects.select_related("file").select_for_update(skip_locked=True, of=("self",))
    drafts = list(old.filter(created_at__lt=timezone.now() - DRAFT_LIFE)[:1000])
    for draft in drafts:
        draft.delete()
        uploads.remove(draft.file)
    uploads.sweep_orphans()
    return len(drafts)
