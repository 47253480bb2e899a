"""What subscribers say that they have paid."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.models import Invoice
from core.models import StoredFile
from payments.models.methods import PaymentMethod
from payments.models.payments import Payment, same_reference
from subscribers.models import PortalUser, Subscriber


class ReportState(models.TextChoices):
    PENDING = "pending", pgettext_lazy("payment report", "to be checked")
    APPROVED = "approved", pgettext_lazy("payment report", "approved")
    REJECTED = "rejected", pgettext_lazy("payment report", "rejected")
    WITHDRAWN = "withdrawn", pgettext_lazy("payment report", "withdrawn")


COLOURS: Mapping[Any, str] = {
    ReportState.PENDING: "azure",
    ReportState.APPROVED: "green",
    ReportState.REJECTED: "red",
    ReportState.WITHDRAWN: "secondary",
}


class PaymentReportQuerySet(models.QuerySet["PaymentReport"]):
    def pending(self) -> "PaymentReportQuerySet":
        """Those that staff have to look at, the oldest on top."""
        return self.filter(state=ReportState.PENDING).order_by("pk")

    def with_rows(self) -> "PaymentReportQuerySet":
        """With what a page shows of them."""
        return self.select_related("subscriber", "method", "voucher", "payment", "portal_user")

    def like(self, report: "PaymentReport") -> "PaymentReportQuerySet":
        """Others with the same file or the same reference; nobody's for neither."""
        same = Q()
        if report.voucher_digest:
            same |= Q(voucher_digest=report.voucher_digest)
        if report.reference:
            same |= same_reference(report.reference)
        return self.filter(same).exclude(pk=report.pk) if same else self.none()


class PaymentReport(models.Model):
    """A subscriber's claim to have paid, with a voucher. Staff approve it, which books a payment, or reject it.

    `submission` names the form that it came from, so that a form sent twice is one report. `voucher_digest` is of the
    file as it was chosen: what is stored was written anew.
    """

    State = ReportState

    uuid = models.UUIDField(unique=True, default=uuid4, db_default=RandomUUID(), editable=False)
    submission = models.UUIDField(unique=True, default=uuid4, editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.PROTECT, related_name="payment_reports")
    portal_user = models.ForeignKey(PortalUser, on_delete=models.SET_NULL, null=True, related_name="payment_reports")
    is_public = models.BooleanField(default=False)  # came from the balance page, without signing in
    method = models.ForeignKey(
        PaymentMethod, on_delete=models.PROTECT, related_name="reports", verbose_name=_("payment method")
    )
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    paid_on = models.DateField(_("paid on"))  # the ISP's
    reference = models.CharField(_("reference"), max_length=120, blank=True, db_index=True)
    comment = models.CharField(_("comment"), max_length=300, blank=True)
    invoices = models.ManyToManyField(Invoice, blank=True, related_name="payment_reports", verbose_name=_("invoices"))
    voucher = models.ForeignKey(StoredFile, on_delete=models.SET_NULL, null=True, related_name="+")
    voucher_digest = models.CharField(max_length=64, blank=True, db_index=True)
    language = models.CharField(max_length=5, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=ReportState, default=ReportState.PENDING)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, null=True, related_name="report")
    decided_at = models.DateTimeField(null=True)
    by_id = models.BigIntegerField(null=True)  # who of the staff decided
    by_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(_("reported"), auto_now_add=True)

    objects = PaymentReportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["subscriber", "-id"], name="reports_of_subscriber"),
            models.Index(fields=["id"], condition=Q(state="pending"), name="reports_to_check"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="report_of_something"),
            models.CheckConstraint(
                condition=Q(state="approved", payment__isnull=False) | ~Q(state="approved") & Q(payment=None),
                name="report_approved_by_payment",
            ),
        ]
        verbose_name = _("payment report")
        verbose_name_plural = _("payment reports")

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        return COLOURS[self.state]

    @property
    def is_pending(self) -> bool:
        return self.state == ReportState.PENDING


class VoucherDraft(models.Model):
    """A voucher of a form that is not sent yet, or came back with a question: nobody chooses a file twice."""

    submission = models.UUIDField(unique=True)
    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.submission)
