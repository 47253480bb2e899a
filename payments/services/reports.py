"""What subscribers report to have paid, and what staff make of it."""

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID, uuid5

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.utils import timezone

from billing.models import Invoice
from company.models import Profile
from core import uploads
from core.acting import in_own_name
from core.audit import Actor, record
from domains.links import portal_url
from messaging.services import notify
from payments.models import Payment, PaymentMethod, PaymentReport, VoucherDraft
from payments.models.methods import CENT
from payments.services import graces
from payments.services.payments import MOST, BadAmount, OthersInvoice, register_payment
from payments.services.receipts import address_of, current_isp, send_receipt
from subscribers.models import PortalUser, Subscriber
from subscribers.services.recipients import recipient_of
from tenants.models import StaffUser

WAITING_AT_ONCE = 10  # reports of one subscriber that nobody has looked at
DRAFT_LIFE = timedelta(hours=24)
State = PaymentReport.State


class NotPending(Exception):
    """Somebody has decided on the report already, or it was withdrawn."""


class TooManyReports(Exception):
    """The subscriber has reported so much that nobody has looked at yet that there is no room for more."""


def submission_of(subscriber: Subscriber, form: UUID) -> UUID:
    """A form's own number, tied to whom it is about: nobody reaches another's form by its number."""
    return uuid5(subscriber.uuid, str(form))


@transaction.atomic
def keep_voucher(*, submission: UUID, upload: UploadedFile) -> VoucherDraft:
    """Keep the voucher of a form that is still being filled in, in place of an earlier one. Raises BadUpload."""
    upload.seek(0)
    digest = hashlib.sha256(upload.read()).hexdigest()
    file = uploads.store(upload)
    _lock(submission)
    for earlier in VoucherDraft.objects.select_related("file").filter(submission=submission):
        earlier.delete()
        uploads.remove(earlier.file)
    return VoucherDraft.objects.create(submission=submission, file=file, digest=digest)


def _lock(submission: UUID) -> None:
    """Let the voucher and the sending of one form wait for each other, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(submission.bytes[:8], signed=True)])


@transaction.atomic
def report_payment(
    *,
    by: PortalUser | None,
    subscriber: Subscriber,
    submission: UUID,
    method: PaymentMethod,
    amount: Decimal,
    currency: str,
    paid_on: date,
    reference: str = "",
    comment: str = "",
    invoices: Sequence[Invoice] = (),
    language: str = "",
) -> PaymentReport:
    """Take down that somebody says to have paid, with the voucher that was kept for the form.

    Where the ISP wants it, what is switched off for debt comes back for some days; see services.graces. A form that was
    sent before gives the report that it became. `by` is None for the balance page, where nobody has
    signed in. Raises BadAmount, OthersInvoice, TooManyReports, InAnothersName, Erased.
    """
    in_own_name()
    if not 0 < amount <= MOST:
        raise BadAmount(str(amount))
    subscriber = Subscriber.objects.lock_to_add(subscriber.pk)
    _lock(submission)
    if earlier := PaymentReport.objects.filter(submission=submission, subscriber=subscriber).first():
        return earlier
    if any(invoice.subscriber_id != subscriber.pk for invoice in invoices):
        raise OthersInvoice
    if PaymentReport.objects.pending().filter(subscriber=subscriber).count() >= WAITING_AT_ONCE:
        raise TooManyReports
    draft = VoucherDraft.objects.filter(submission=submission).first()
    report = PaymentReport.objects.create(
        submission=submission,
        subscriber=subscriber,
        portal_user=by,
        is_public=by is None,
        method=method,
        amount=amount,
        currency=currency,
        paid_on=paid_on,
        reference=reference[:120],
        comment=comment[:300],
        voucher_id=draft.file_id if draft else None,
        voucher_digest=draft.digest if draft else "",
        language=language,
    )
    report.invoices.set(invoices)
    if draft:
        draft.delete()
    record(
        "payments.report.made",
        by=by,
        on=report,
        subscriber=subscriber.number,
        amount=str(amount),
        reference=reference,
    )
    graces.give_graces(by=by, report=report, at=timezone.now())
    return report


def net_of_fee(report: PaymentReport) -> Decimal:
    """What of a reported sum is for invoices, where the subscriber pays the method's fee on top. Loads the method."""
    method = report.method
    if not method.costs_more or report.amount <= method.fee_fixed:
        return report.amount
    net = (report.amount - method.fee_fixed) * 100 / (100 + method.fee_percent)
    return net.quantize(CENT, ROUND_HALF_UP)


@transaction.atomic
def approve_report(*, by: StaffUser, report: PaymentReport, amount: Decimal | None = None) -> Payment:
    """Book what was reported, by `amount` where staff found another sum that is for invoices, and send the receipt.

    Raises NotPending if somebody was quicker, BadAmount, Erased.
    """
    report = _locked(report)
    invoices = list(report.invoices.all())
    booked = net_of_fee(report) if amount is None else amount
    payment = register_payment(
        by=by,
        subscriber=report.subscriber,
        amount=booked,
        currency=report.currency,
        on=report.paid_on,
        source=Payment.Source.REPORT,
        method=report.method,
        fee=max(report.amount - booked, Decimal(0)) if report.method.costs_more else Decimal(0),
        reference=report.reference,
        comment=report.comment,
        invoices=invoices,
        key=f"report:{report.uuid}",
    )
    report.payment = payment
    _settle(report, State.APPROVED, by=by)
    user = report.portal_user
    send_receipt(payment=payment, user=user, language=(user.language if user else "") or report.language, asked=True)
    record(
        "payments.report.approved",
        by=by,
        on=report,
        subscriber=report.subscriber.number,
        amount=str(booked),
        payment=payment.number,
    )
    return payment


@transaction.atomic
def settle_by_payment(*, by: Actor, payment: Payment) -> PaymentReport | None:
    """Approve the report of a payment that came in by itself, such as on a bank's statement: nothing is booked again.

    The oldest that waits with the subscriber and the sum of the payment; None if there is none.
    """
    waiting = PaymentReport.objects.pending().filter(
        subscriber=payment.subscriber_id, amount=payment.amount, currency=payment.currency
    )
    if (found := waiting.first()) is None:
        return None
    report = _locked(found)
    report.payment, report.state, report.decided_at = payment, State.APPROVED, timezone.now()
    report.by_id, report.by_name = by.pk, by.audit_label.partition(" <")[0][:200]
    report.save(update_fields=["state", "decided_at", "by_id", "by_name", "payment"])
    record(
        "payments.report.approved",
        by=by,
        on=report,
        subscriber=payment.subscriber.number,
        amount=str(payment.amount),
        payment=payment.number,
    )
    return report


@transaction.atomic
def reject_report(*, by: StaffUser, report: PaymentReport, reason: str) -> PaymentReport:
    """Refuse what was reported, with the reason that the subscriber is told, and end its days of grace at once.

    What it was for stays to be paid. Raises NotPending if somebody was quicker, Erased.
    """
    report = _locked(report)
    _settle(report, State.REJECTED, by=by, reason=reason)
    graces.end_graces(by=by, report=report, why=reason, at=timezone.now())
    _tell_rejected(report)
    record(
        "payments.report.rejected",
        by=by,
        on=report,
        subscriber=report.subscriber.number,
        amount=str(report.amount),
        reason=reason,
    )
    return report


@transaction.atomic
def withdraw_report(*, by: PortalUser, report: PaymentReport) -> PaymentReport:
    """Take a report back that nobody has decided on. Raises NotPending, InAnothersName, Erased."""
    in_own_name()
    report = _locked(report)
    _settle(report, State.WITHDRAWN)
    graces.end_graces(by=by, report=report, why="", at=timezone.now())
    record(
        "payments.report.withdrawn", by=by, on=report, subscriber=report.subscriber.number, amount=str(report.amount)
    )
    return report


def _locked(report: PaymentReport) -> PaymentReport:
    """The report as it is now, held until the transaction ends. Raises NotPending, Erased."""
    # The subscriber's row first, as everybody does who books.
    Subscriber.objects.lock_to_add(report.subscriber_id)
    rows = PaymentReport.objects.select_for_update(of=("self",)).select_related("subscriber", "method", "portal_user")
    found = rows.get(pk=report.pk)
    if not found.is_pending:
        raise NotPending
    return found


def _settle(report: PaymentReport, state: State, *, by: StaffUser | None = None, reason: str = "") -> None:
    report.state, report.decided_at, report.reason = state, timezone.now(), reason[:300]
    report.by_id, report.by_name = (by.pk, by.name) if by else (None, "")
    report.save(update_fields=["state", "decided_at", "reason", "by_id", "by_name", "payment"])


def _tell_rejected(report: PaymentReport) -> None:
    isp, user, profile = current_isp(), report.portal_user, Profile.load()
    language = (user.language if user else "") or report.language
    address = address_of(report.subscriber, user=user)
    notify(
        event="payments/report_rejected",
        recipient=recipient_of(report.subscriber, isp=isp, user=user, email=address, language=language),
        isp=isp,
        name=report.subscriber.full_name,
        report=report,
        reason=report.reason,
        url="" if report.is_public else portal_url(isp, "/payments/"),
        company=profile.display_name or isp.name,
        profile=profile,
        from_name=profile.display_name or isp.name,
        reply_to=profile.email,
    )


def sweep_drafts() -> int:
    """Remove the vouchers of forms that nobody has sent; say how many."""
    old = VoucherDraft.objects.select_related("file").select_for_update(skip_locked=True, of=("self",))
    drafts = list(old.filter(created_at__lt=timezone.now() - DRAFT_LIFE)[:1000])
    for draft in drafts:
        draft.delete()
        uploads.remove(draft.file)
    return len(drafts)
