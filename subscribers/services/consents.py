"""Consents: the documents and their versions, and giving and withdrawing them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q

from core.audit import Actor, record
from core.changes import Changes, set_fields
from messaging.events.base import Kind
from messaging.models import Medium
from messaging.services import preferences
from subscribers.models import Consent, ConsentDocument, ConsentVersion, PortalUser, Subscriber, SubscriberDocument
from subscribers.portal_roles import PortalRole
from subscribers.services.recipients import hears_news


class NotOnOffer(Exception):
    """The document is out of use, has no published version, or is not for this login to give."""


class OtherVersion(Exception):
    """A newer version than the one that was read has been published."""


class NothingToPublish(Exception):
    """There is no draft, or it says what the published version says."""


# Documents


def add_document(*, by: Actor, title: str, givers: str, text: str, position: int = 0) -> ConsentDocument:
    """Make a document with a draft of its first version."""
    document = ConsentDocument.objects.create(title=title, givers=givers, position=position)
    ConsentVersion.objects.create(document=document, number=1, text=text, by_id=by.pk, by_name=by.audit_label[:200])
    record("subscribers.consent_document.added", by=by, on=document, title=title)
    return document


def change_document(*, by: Actor, document: ConsentDocument, values: Mapping[str, Any]) -> Changes:
    """Set title, position, givers or whether it is in use. What has been given stands, whatever is changed here."""
    document = ConsentDocument.objects.select_for_update().get(pk=document.pk)
    if changes := set_fields(document, values):
        record("subscribers.consent_document.changed", by=by, on=document, title=document.title, changes=changes)
    return changes


def write_draft(*, by: Actor, document: ConsentDocument, text: str) -> ConsentVersion:
    """Keep the text of the next version, which nobody sees yet."""
    document = ConsentDocument.objects.select_for_update().get(pk=document.pk)
    draft = document.versions.filter(published_at=None).first()
    if draft is None:
        last = document.versions.aggregate(last=Max("number"))["last"] or 0
        draft = ConsentVersion(document=document, number=last + 1)
    draft.text, draft.by_id, draft.by_name = text, by.pk, by.audit_label[:200]
    draft.save()
    return draft


def publish(*, by: Actor, document: ConsentDocument, at: datetime) -> ConsentVersion:
    """Put the draft in the place of the published version; it is never edited again. Raises NothingToPublish."""
    document = ConsentDocument.objects.select_for_update().get(pk=document.pk)
    draft = document.versions.filter(published_at=None).first()
    before = document.versions.published().first()
    if draft is None or (before and before.text == draft.text):
        raise NothingToPublish
    draft.published_at, draft.by_id, draft.by_name = at, by.pk, by.audit_label[:200]
    draft.save(update_fields=["published_at", "by_id", "by_name"])
    record("subscribers.consent_document.published", by=by, on=document, title=document.title, version=draft.number)
    return draft


def discard_draft(*, document: ConsentDocument) -> None:
    """Throw the draft away, unless there is nothing but it."""
    document = ConsentDocument.objects.select_for_update().get(pk=document.pk)
    if document.versions.published().exists():
        document.versions.filter(published_at=None).delete()


def documents_with_counts() -> list[ConsentDocument]:
    """All documents with `standing`, how many have given them, and `on_older`, how many an older version. One query."""
    latest = Max("versions__number", filter=Q(versions__published_at__isnull=False))
    rows = list(ConsentDocument.objects.annotate(latest=latest))
    found = Consent.objects.standing().order_by().values_list("document", "version__number").annotate(n=Count("pk"))
    counts = list(found)
    for row in rows:
        of_it = [(number, n) for pk, number, n in counts if pk == row.pk]
        row.standing = sum(n for _, n in of_it)  # type: ignore[attr-defined]
        row.on_older = sum(n for number, n in of_it if number != row.latest)  # type: ignore[attr-defined]
    return rows


# Consents


@dataclass(frozen=True, slots=True)
class Standing:
    """A document as one subscriber stands to it: the version that is published now, and the consent that holds."""

    document: ConsentDocument
    latest: ConsentVersion | None
    consent: Consent | None
    may_give: bool
    may_end: bool  # taking back is possible when the document is out of use, too

    @property
    def is_older(self) -> bool:
        """Whether what was agreed to is not the version of today."""
        return bool(self.consent and self.latest and self.consent.version_id != self.latest.pk)

    @property
    def shown(self) -> ConsentVersion | None:
        """The version to read: the one to agree to, or else the one that was agreed to."""
        return self.latest or (self.consent.version if self.consent else None)

    @property
    def waits(self) -> bool:
        """Whether there is something to agree to."""
        return self.may_give and self.latest is not None and (self.consent is None or self.is_older)


def may_give(document: ConsentDocument, user: PortalUser) -> bool:
    """Whether a login may give and withdraw this one, if its role may give consents at all."""
    return document.givers == ConsentDocument.Givers.ANY or user.role == PortalRole.OWNER


def standing_of(subscriber: Subscriber, *, by: PortalUser | None = None) -> list[Standing]:
    """How a subscriber stands to each document on offer, and to each other one whose consent holds. Three queries.

    `by` is the login that looks at it; staff, who are nobody here, write down each of them.
    """
    given = subscriber.consents.standing().select_related("version", "paper", "document")
    by_document = {consent.document_id: consent for consent in given}
    documents = ConsentDocument.objects.filter(
        Q(pk__in=ConsentDocument.objects.on_offer().values("pk")) | Q(pk__in=by_document)
    )
    latest: dict[int, ConsentVersion] = {}
    for version in ConsentVersion.objects.published().filter(document__in=documents).order_by("number"):
        latest[version.document_id] = version
    return [
        Standing(
            document=document,
            latest=latest.get(document.pk) if document.is_active else None,
            consent=by_document.get(document.pk),
            may_give=document.is_active and (by is None or may_give(document, by)),
            may_end=by is None or may_give(document, by),
        )
        for document in documents
    ]


def give(
    *,
    by: Actor,
    subscriber: Subscriber,
    document: ConsentDocument,
    version: int,
    how: str,
    at: datetime,
    paper: SubscriberDocument | None = None,
) -> Consent:
    """Write down that a subscriber agrees to the version of this number; once, however often it is sent.

    An older consent to the document ends with it. Raises NotOnOffer, OtherVersion, Erased.
    """
    subscriber = Subscriber.objects.lock_to_add(subscriber.pk)
    document = ConsentDocument.objects.select_for_update().get(pk=document.pk)
    latest = document.versions.published().first()
    is_theirs = not isinstance(by, PortalUser) or may_give(document, by)
    if latest is None or not document.is_active or not is_theirs:
        raise NotOnOffer
    if latest.number != version:
        raise OtherVersion
    before = subscriber.consents.standing().filter(document=document).select_for_update().first()
    if before is not None and before.version_id == latest.pk:
        return before
    if before is not None:
        _end(before, Consent.End.REPLACED, by=by, how=how, at=at)
    who = {"by_kind": by.audit_kind, "by_id": by.pk, "by_name": by.audit_label[:200]}
    consent = Consent.objects.create(
        subscriber=subscriber, document=document, version=latest, how=how, paper=paper, given_at=at, **who
    )
    about = {"title": document.title, "version": latest.number, "subscriber": subscriber.number, "how": how}
    record("subscribers.consent.given", by=by, on=consent, **about)
    if document.is_for_news:
        preferences.want_again(subscriber=subscriber.pk, kind=Kind.NEWS)
    return consent


def withdraw(*, by: Actor, subscriber: Subscriber, document: ConsentDocument, how: str, at: datetime) -> bool:
    """Write down that a subscriber takes a consent back; whether there was one. It is as easy as to give it.

    Raises NotOnOffer for a login that may not give it, Erased.
    """
    subscriber = Subscriber.objects.lock_to_add(subscriber.pk)
    document = ConsentDocument.objects.get(pk=document.pk)
    if isinstance(by, PortalUser) and not may_give(document, by):
        raise NotOnOffer
    consent = subscriber.consents.standing().filter(document=document).select_for_update().first()
    if consent is None:
        return False
    _end(consent, Consent.End.WITHDRAWN, by=by, how=how, at=at)
    about = {"title": document.title, "subscriber": subscriber.number, "how": how}
    record("subscribers.consent.withdrawn", by=by, on=consent, **about)
    if document.is_for_news and not hears_news(subscriber):
        # What is on its way is not sent any more, either.
        news = [(Kind.NEWS.value, medium.value) for medium in Medium]
        preferences.opt_out(by=by, subscriber=subscriber.pk, choices=news, on=subscriber)
    return True


def _end(consent: Consent, end: Consent.End, *, by: Actor, how: str, at: datetime) -> None:
    consent.ended_at, consent.end, consent.ended_how = at, end, how
    consent.ended_by_kind, consent.ended_by_id, consent.ended_by_name = by.audit_kind, by.pk, by.audit_label[:200]
    consent.save(update_fields=["ended_at", "end", "ended_how", "ended_by_kind", "ended_by_id", "ended_by_name"])
