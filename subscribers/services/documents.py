"""What is done with the papers of subscribers."""

from datetime import timedelta

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from core import uploads
from core.audit import Actor, record
from core.changes import Changes, set_fields
from core.models import AuditEntry
from subscribers.models import Subscriber, SubscriberDocument

SAME_LOOK = timedelta(minutes=2)
VIEWED, DOWNLOADED = "subscribers.document.viewed", "subscribers.document.downloaded"


def add_document(
    *, by: Actor | None, subscriber: Subscriber, kind: str, title: str, upload: UploadedFile, in_portal: bool = False
) -> SubscriberDocument:
    """Keep a paper. Raises core.uploads.BadUpload and Erased."""
    Subscriber.objects.lock_to_add(subscriber.pk)
    file = uploads.store(upload)
    who = {"by_id": by.pk, "by_name": by.audit_label[:200]} if by else {}
    document = SubscriberDocument.objects.create(
        subscriber=subscriber, kind=kind, title=title, in_portal=in_portal, file=file, **who
    )
    about = {"title": title, "paper": kind, "subscriber": subscriber.number}
    record("subscribers.document.added", by=by, on=document, **about)
    return document


def change_document(
    *, by: Actor | None, document: SubscriberDocument, kind: str, title: str, in_portal: bool
) -> Changes:
    """Call a paper something else, or show it in the portal or not."""
    document = (
        SubscriberDocument.objects.select_for_update(of=("self",)).select_related("subscriber").get(pk=document.pk)
    )
    if changes := set_fields(document, {"kind": kind, "title": title, "in_portal": in_portal}):
        about = {"title": document.title, "subscriber": document.subscriber.number}
        record("subscribers.document.changed", by=by, on=document, **about, changes=changes)
    return changes


def remove_document(*, by: Actor | None, document: SubscriberDocument) -> None:
    """Throw a paper away, with its file. The subscriber's history keeps that it was there."""
    document = (
        SubscriberDocument.objects.select_for_update(of=("self",))
        .select_related("subscriber", "file")
        .get(pk=document.pk)
    )
    # On the subscriber: the document is gone in a moment, and with it the way to its entries.
    about = {"title": document.title, "paper": document.kind, "subscriber": document.subscriber.number}
    record("subscribers.document.removed", by=by, on=document.subscriber, **about)
    file = document.file
    document.delete()
    uploads.remove(file)


def note_view(*, document: SubscriberDocument, by: Actor, download: bool = False) -> None:
    """Write down who looked at a paper, and how.

    What one look loads, the page and its pictures, is one row: looks within SAME_LOOK of each other count once.
    """
    verb = DOWNLOADED if download else VIEWED
    if not download and _is_same_look(document, by):
        return
    record(verb, by=by, on=document, title=document.title, subscriber=document.subscriber.number)


def _is_same_look(document: SubscriberDocument, by: Actor) -> bool:
    looks = AuditEntry.objects.filter(target_type=document._meta.label_lower, target_id=str(document.pk), verb=VIEWED)
    since = timezone.now() - SAME_LOOK
    return looks.filter(actor_kind=by.audit_kind, actor_id=by.pk, at__gt=since).exists()
