"""Money that came in."""

import uuid
from decimal import Decimal

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models import LedgerEntry
from payments.models.methods import PaymentMethod
from subscribers.models import Subscriber


def same_reference(reference: str) -> Q:
    """Rows with a reference, whether it was typed in capitals or not, as the column's index finds them."""
    return Q(reference__in={reference, reference.upper(), reference.lower()})


class PaymentQuerySet(models.QuerySet["Payment"]):
    def with_reference(self, reference: str) -> "PaymentQuerySet":
        """Those with this reference, the latest on top; none without one."""
        return self.filter(same_reference(reference)).order_by("-pk") if reference else self.none()

    def with_rows(self) -> "PaymentQuerySet":
        """With what a list shows of them."""
        return self.select_related("subscriber", "method")

    def standing(self) -> "PaymentQuerySet":
        """Those that were not taken back whole."""
        return self.filter(taken_back__lt=F("amount"))

    def held_by_gateways(self) -> "PaymentQuerySet":
        """Those that can go back by the gateway that they came by."""
        asked_for_or_assigned = Q(checkout__isnull=False) | Q(stray__isnull=False)
        return self.filter(asked_for_or_assigned, source=Payment.Source.GATEWAY)

    def at_desk(self) -> "PaymentQuerySet":
        """Those that staff registered in person."""
        return self.filter(source=Payment.Source.DESK, by_kind="staff")


class Payment(models.Model):
    """Money of a subscriber that the ISP has. It stays as it is; what goes back is counted in `taken_back`.

    `key` says of what it is the booking (a form that was sent, a payment at a gateway, a line of a bank), so that the
    same is never booked twice.
    """

    class Source(models.TextChoices):
        DESK = "desk", _("registered by staff")
        REPORT = "report", _("reported by the subscriber")
        GATEWAY = "gateway", _("paid online")
        BANK = "bank", _("bank statement")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    number = models.PositiveIntegerField(_("receipt number"), unique=True)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.PROTECT, related_name="payments")
    method = models.ForeignKey(
        PaymentMethod,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="payments",
        verbose_name=_("payment method"),
    )
    source = models.CharField(_("how it came"), max_length=10, choices=Source)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    fee = models.DecimalField(_("fee"), max_digits=14, decimal_places=2, default=0, db_default=0)
    currency = models.CharField(max_length=3)
    on = models.DateField(_("date"))  # the ISP's
    reference = models.CharField(_("reference"), max_length=120, blank=True, db_index=True)
    comment = models.CharField(_("comment"), max_length=300, blank=True)
    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, related_name="payment")
    key = models.CharField(max_length=120, unique=True)
    taken_back = models.DecimalField(_("taken back"), max_digits=14, decimal_places=2, default=0, db_default=0)
    by_kind = models.CharField(max_length=20, blank=True)  # as in the audit log
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        ordering = ["-on", "-pk"]
        indexes = [
            models.Index(fields=["subscriber", "-on", "-id"], name="payments_of_subscriber"),
            models.Index(fields=["-on", "-id"], name="payments_by_day"),
            models.Index(fields=["at", "by_id"], condition=Q(source="desk"), name="payments_at_desk"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, taken_back__gte=0, taken_back__lte=F("amount")), name="payment_of_something"
            )
        ]
        verbose_name = _("payment")
        verbose_name_plural = _("payments")

    def __str__(self) -> str:
        return str(self.number)

    @property
    def kept(self) -> Decimal:
        """What of it the ISP still has."""
        return self.amount - self.taken_back

    @property
    def credit_left(self) -> Decimal:
        """What of it has paid nothing yet. Loads the entry."""
        return -self.entry.open

    @property
    def handed_over(self) -> Decimal:
        """What whoever paid gave: the amount and the fee."""
        return self.amount + self.fee

    @property
    def is_taken_back(self) -> bool:
        """Whether all of it went back."""
        return not self.kept
