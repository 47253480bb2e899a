"""What was done to a subscriber and to what belongs to them."""

from typing import Any

from django.db.models import CharField, QuerySet
from django.db.models.functions import Cast

from billing.models import Grace, InstalmentPlan, LedgerEntry, Promise, Suspension, SuspensionException
from core.models import AuditEntry
from payments.models import Payment, PaymentReport
from preinstall.models import Installation, InstallRequest, RequestDocument
from subscribers.models import Consent, PortalUser, ProfileChange, Service, Subscriber, SubscriberDocument

# Rows of a subscriber that acts are recorded on, with the name of their way to the subscriber.
BELONGINGS: list[tuple[type[Any], str]] = [
    (Service, "subscriber"),
    (PortalUser, "subscriber"),
    (SubscriberDocument, "subscriber"),
    (LedgerEntry, "subscriber"),
    (Suspension, "subscriber"),
    (Promise, "subscriber"),
    (InstalmentPlan, "subscriber"),
    (Grace, "subscriber"),
    (SuspensionException, "subscriber"),
    (Payment, "subscriber"),
    (PaymentReport, "subscriber"),
    (InstallRequest, "subscriber"),
    (Installation, "service__subscriber"),
    (ProfileChange, "subscriber"),
    (Consent, "subscriber"),
]


def entries_of(rows: QuerySet[Any]) -> QuerySet[AuditEntry]:
    """The acts that were recorded on these rows, through the log's index."""
    keys = rows.order_by().annotate(target=Cast("pk", CharField())).values("target")
    return AuditEntry.objects.filter(target_type=rows.model._meta.label_lower, target_id__in=keys)


def history_of(subscriber: Subscriber) -> QuerySet[AuditEntry]:
    """All acts on a subscriber, services, logins, papers and the ledger. One query, the latest first."""
    own = entries_of(Subscriber.objects.filter(pk=subscriber.pk)).order_by().values("pk")
    others = [
        entries_of(model._default_manager.filter(**{way: subscriber})).order_by().values("pk")
        for model, way in BELONGINGS
    ]
    return AuditEntry.objects.filter(pk__in=own.union(*others, all=True))


def history_of_number(text: str) -> QuerySet[AuditEntry]:
    """All acts on what people call by this number: a subscriber by digits alone, `R-…` a request, `I-…` a visit."""
    kind, _dash, digits = text.strip().upper().rpartition("-")
    if not digits.isdecimal() or len(digits) > 9:
        return AuditEntry.objects.none()
    number = int(digits)
    if kind == "R":
        found = InstallRequest.objects.filter(number=number)
        papers = RequestDocument.objects.filter(request__number=number)
        return entries_of(found) | entries_of(papers)
    if kind == "I":
        return entries_of(Installation.objects.filter(number=number))
    subscriber = Subscriber.objects.filter(number=number).first() if not kind else None
    return history_of(subscriber) if subscriber else AuditEntry.objects.none()


def looks_at(document: RequestDocument) -> QuerySet[AuditEntry]:
    """Who has opened or downloaded an identity document, the latest first."""
    return entries_of(RequestDocument.objects.filter(pk=document.pk)).filter(verb__startswith="preinstall.document.")
