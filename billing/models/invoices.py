"""Invoices and credit notes. Once issued they stay as they are."""

import uuid
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.models.ledger import LedgerEntry
from billing.models.runs import BillingRun
from company.models import InvoiceGroup
from subscribers.models import Service, Subscriber

DIGITS = 6  # that a number has at least


class DocumentKind(models.TextChoices):
    INVOICE = "invoice", _("invoice")
    CREDIT_NOTE = "credit_note", _("credit note")


class InvoiceSeries(models.Model):
    """The numbers of one kind of document of one invoice group. Its row is locked while numbers are taken from it, so
    that a number is there exactly if its document is."""

    group = models.ForeignKey(InvoiceGroup, on_delete=models.PROTECT, null=True, related_name="series")
    kind = models.CharField(max_length=12, choices=DocumentKind)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "kind"], nulls_distinct=False, name="one_series_of_a_kind")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.last}"

    def text_of(self, number: int) -> str:
        """A number as it stands on the document. Loads the group."""
        prefix = self.group.number_prefix if self.group else ""
        return f"{prefix}{'NC-' if self.kind == DocumentKind.CREDIT_NOTE else ''}{number:0{DIGITS}d}"


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    def invoices(self) -> "InvoiceQuerySet":
        """Without the credit notes."""
        return self.filter(kind=DocumentKind.INVOICE)

    def unpaid(self) -> "InvoiceQuerySet":
        """Those of which something is still to be paid."""
        return self.invoices().filter(entry__open__gt=0)

    def overdue(self, *, on: date) -> "InvoiceQuerySet":
        """Those that should have been paid before a date of the ISP."""
        return self.unpaid().filter(entry__due_on__lt=on)


class Invoice(models.Model):
    """An invoice, or the credit note that takes one back in whole or in part. All amounts are zero or more.

    `seller` and `buyer` are the two parties as they were on that day: names, tax IDs and addresses.
    """

    Kind = DocumentKind

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    kind = models.CharField(_("kind"), max_length=12, choices=DocumentKind, default=DocumentKind.INVOICE)
    series = models.ForeignKey(InvoiceSeries, on_delete=models.PROTECT, related_name="invoices")
    sequence = models.PositiveIntegerField()
    number = models.CharField(_("number"), max_length=40, db_index=True)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.PROTECT, related_name="invoices")
    group = models.ForeignKey(
        InvoiceGroup, on_delete=models.PROTECT, null=True, related_name="invoices", verbose_name=_("invoice group")
    )
    credits = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="credit_notes")
    issued_on = models.DateField(_("issued"))
    due_on = models.DateField(_("due"))
    currency = models.CharField(max_length=3)
    net = models.DecimalField(_("without tax"), max_digits=14, decimal_places=2)
    tax = models.DecimalField(_("tax"), max_digits=14, decimal_places=2)
    total = models.DecimalField(_("total"), max_digits=14, decimal_places=2)
    credited = models.DecimalField(_("credited"), max_digits=14, decimal_places=2, default=0, db_default=0)
    written_off = models.DecimalField(_("written off"), max_digits=14, decimal_places=2, default=0, db_default=0)
    run = models.ForeignKey(BillingRun, on_delete=models.PROTECT, null=True, related_name="invoices")
    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, null=True, related_name="invoice")
    seller = models.JSONField(default=dict)
    buyer = models.JSONField(default=dict)
    note = models.CharField(_("note on the document"), max_length=300, blank=True)
    # Of the form with which it was asked for, so that a form that is sent twice makes one document.
    key = models.UUIDField(null=True, unique=True, editable=False)
    by_kind = models.CharField(max_length=20, blank=True)  # as in the audit log
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        ordering = ["-issued_on", "-pk"]
        indexes = [
            models.Index(fields=["subscriber", "-issued_on", "-id"], name="invoices_of_subscriber"),
            models.Index(fields=["-issued_on", "-id"], name="invoices_by_day"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["series", "sequence"], name="one_document_for_a_number"),
            models.CheckConstraint(condition=Q(total__gte=0, total=F("net") + F("tax")), name="invoice_adds_up"),
            models.CheckConstraint(
                condition=Q(credited__gte=0, written_off__gte=0, total__gte=F("credited") + F("written_off")),
                name="invoice_not_credited_twice",
            ),
        ]
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")

    def __str__(self) -> str:
        return self.number

    @property
    def open(self) -> Decimal:
        """What is still to be paid. Loads the entry."""
        return self.entry.open if self.entry and self.kind == self.Kind.INVOICE else Decimal(0)

    @property
    def paid(self) -> Decimal:
        """What was paid of it. Loads the entry."""
        return self.total - self.open - self.credited - self.written_off

    def state(self, *, on: date) -> "InvoiceState":
        """Where it stands on a date of the ISP. Loads the entry."""
        if self.kind == self.Kind.CREDIT_NOTE:
            return InvoiceState.CREDIT_NOTE
        if self.total and self.credited == self.total:
            return InvoiceState.CREDITED
        if not self.open:
            return InvoiceState.WRITTEN_OFF if self.written_off else InvoiceState.PAID
        if self.due_on < on:
            return InvoiceState.OVERDUE
        return InvoiceState.PARTLY_PAID if self.paid else InvoiceState.OPEN


class InvoiceState(models.TextChoices):
    OPEN = "open", pgettext_lazy("invoice", "open")
    PARTLY_PAID = "partly_paid", _("partly paid")
    OVERDUE = "overdue", _("overdue")
    PAID = "paid", _("paid")
    CREDITED = "credited", _("credited")
    WRITTEN_OFF = "written_off", _("written off")
    CREDIT_NOTE = "credit_note", _("credit note")

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        return STATE_COLOURS[self]


STATE_COLOURS: Mapping[Any, str] = {
    InvoiceState.OPEN: "azure",
    InvoiceState.PARTLY_PAID: "cyan",
    InvoiceState.OVERDUE: "red",
    InvoiceState.PAID: "green",
    InvoiceState.CREDITED: "secondary",
    InvoiceState.WRITTEN_OFF: "secondary",
    InvoiceState.CREDIT_NOTE: "purple",
}


class DateRange(Func):
    """The days from the first argument to the second, both of them included."""

    function = "daterange"
    template = "%(function)s(%(expressions)s, '[]')"


class KeyRange(Func):
    """A key as a range that holds it alone: plain GiST has no operators for numbers, and has them for ranges."""

    function = "int8range"
    template = "%(function)s(%(expressions)s, %(expressions)s, '[]')"


class InvoiceLine(models.Model):
    """A line of an invoice or credit note. `amount` is what is to be paid for it, tax included: `net + tax`.

    A line that bills a service says for which days, the last one included. While `is_billing`, no other line bills the
    service for one of these days; a credit note that gives the whole line back ends that.
    """

    class Kind(models.TextChoices):
        SERVICE = "service", _("service")
        ONE_OFF = "one_off", _("one-off")
        DISCOUNT = "discount", _("discount")
        FEE = "fee", _("fee")

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.ONE_OFF)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, related_name="invoice_lines")
    period_from = models.DateField(null=True)
    period_to = models.DateField(null=True)
    is_billing = models.BooleanField(default=False, db_default=False)
    # What it evens out, such as a change of the price within billed days. Each is evened out once.
    adjusts = models.CharField(max_length=40, blank=True, default="", db_default="")
    text = models.CharField(_("text"), max_length=200)
    quantity = models.DecimalField(_("quantity"), max_digits=10, decimal_places=3, default=1)
    unit_price = models.DecimalField(_("unit price"), max_digits=14, decimal_places=2)
    tax_rate = models.DecimalField(_("tax in per cent"), max_digits=5, decimal_places=2, default=0)
    net = models.DecimalField(max_digits=14, decimal_places=2)
    tax = models.DecimalField(max_digits=14, decimal_places=2)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)

    class Meta:
        ordering = ["invoice", "position", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount=F("net") + F("tax")), name="line_adds_up"),
            models.CheckConstraint(
                condition=Q(is_billing=False)
                | Q(service__isnull=False, period_from__isnull=False, period_to__gte=F("period_from")),
                name="line_bills_days",
            ),
            models.UniqueConstraint(fields=["adjusts"], condition=~Q(adjusts=""), name="evened_out_once"),
            ExclusionConstraint(
                name="service_billed_once_for_a_day",
                expressions=[
                    (KeyRange("service"), RangeOperators.OVERLAPS),
                    (DateRange("period_from", "period_to"), RangeOperators.OVERLAPS),
                ],
                condition=Q(is_billing=True),
                violation_error_message=_("The service has been billed for these days."),
            ),
        ]
        verbose_name = _("invoice line")
        verbose_name_plural = _("invoice lines")

    def __str__(self) -> str:
        return self.text
