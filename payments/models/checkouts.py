"""What is to be paid at a gateway, what goes back, and what came in that fits nothing."""

import uuid
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.models import LedgerEntry
from payments.models.gateways import GatewayAccount, SavedMethod
from payments.models.payments import Payment
from subscribers.models import Subscriber


class CheckoutQuerySet(models.QuerySet["Checkout"]):
    def under_way(self) -> "CheckoutQuerySet":
        """Those of which the end is not known yet."""
        return self.filter(state__in=UNDER_WAY)

    def due(self, *, at: datetime) -> "CheckoutQuerySet":
        """Those to be read from the gateway by now."""
        return self.filter(check_at__lte=at).order_by("check_at")


class Checkout(models.Model):
    """What a subscriber is about to pay at a gateway. It is written before the gateway is called.

    `key` makes the call happen once, however often it is made; `uuid` is our reference there; `number` is the gateway's
    name of its hosted page or charge, and `money` that of the payment itself.
    """

    class State(models.TextChoices):
        BEGUN = "begun", pgettext_lazy("online payment", "begun")
        OPEN = "open", _("waits for the payer")
        PROCESSING = "processing", _("the money is on its way")
        PAID = "paid", pgettext_lazy("online payment", "paid")
        FAILED = "failed", pgettext_lazy("online payment", "not paid")
        EXPIRED = "expired", pgettext_lazy("online payment", "given up")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.PROTECT, related_name="checkouts")
    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="checkouts")
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    surcharge = models.DecimalField(_("fee on top"), max_digits=14, decimal_places=2, default=0, db_default=0)
    currency = models.CharField(_("currency"), max_length=3)
    is_live = models.BooleanField()
    invoices = ArrayField(models.BigIntegerField(), default=list, blank=True)  # that are paid before others
    title = models.CharField(_("for"), max_length=200)  # what the gateway shows
    key = models.CharField(max_length=80, unique=True)
    number = models.CharField(max_length=255, blank=True)
    money = models.CharField(max_length=120, blank=True)
    address = models.TextField(_("payment page"), blank=True)
    host = models.CharField(max_length=260, blank=True)  # where the payer comes back to
    language = models.CharField(max_length=10, blank=True)
    terms = models.CharField(max_length=500, blank=True)  # that the payer agreed to, so that the card is kept
    saved = models.ForeignKey(SavedMethod, on_delete=models.SET_NULL, null=True, related_name="charges")
    charged_on = models.DateField(null=True)  # of a saved card: once a day
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.BEGUN)
    problem = models.CharField(max_length=300, blank=True)
    way = models.CharField(_("paid with"), max_length=40, blank=True)  # card, oxxo, …
    slip = models.TextField(_("payment slip"), blank=True)  # address of what is taken to a shop
    fee = models.DecimalField(_("fee of the gateway"), max_digits=14, decimal_places=2, default=0, db_default=0)
    is_disputed = models.BooleanField(default=False)
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, null=True, related_name="checkout")
    by_kind = models.CharField(max_length=20, blank=True)  # as in the audit log
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(_("begun by"), max_length=200, blank=True)
    begun_at = models.DateTimeField(_("begun"))
    lasts_until = models.DateTimeField()
    check_at = models.DateTimeField(null=True)
    checks = models.PositiveSmallIntegerField(default=0)

    objects = CheckoutQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["check_at"], condition=Q(check_at__isnull=False), name="checkouts_to_read"),
            models.Index(fields=["subscriber", "-id"], name="checkouts_of_subscriber"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="checkout_of_something"),
            models.UniqueConstraint(
                fields=["account", "number"], condition=~Q(number=""), name="one_checkout_a_gateway_number"
            ),
            models.UniqueConstraint(
                fields=["account", "money"], condition=~Q(money=""), name="one_checkout_a_gateway_payment"
            ),
            # Two pages that are open at once would be paid twice.
            models.UniqueConstraint(
                fields=["subscriber"], condition=Q(state__in=["begun", "open"]), name="one_open_checkout_a_subscriber"
            ),
            models.UniqueConstraint(
                fields=["saved", "charged_on"], condition=Q(charged_on__isnull=False), name="one_charge_a_card_and_day"
            ),
        ]
        verbose_name = _("online payment")
        verbose_name_plural = _("online payments")

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def shown_way(self) -> str:
        """With what it was paid, as people call it."""
        return str(WAYS.get(self.way, self.way.replace("_", " ").title()))

    @property
    def saves(self) -> bool:
        """Whether its card is kept for later charges."""
        return bool(self.terms)

    @property
    def charged(self) -> Decimal:
        """What the gateway takes: what is owed, and a fee that the payer bears."""
        return self.amount + self.surcharge

    @property
    def is_paid(self) -> bool:
        return self.state == self.State.PAID


WAYS = {
    "card": _("card"),
    "credit_card": _("credit card"),
    "debit_card": _("debit card"),
    "oxxo": "OXXO",
    "customer_balance": _("bank transfer"),
    "bank_transfer": _("bank transfer"),
    "ticket": _("payment slip"),
}
UNDER_WAY = (Checkout.State.BEGUN, Checkout.State.OPEN, Checkout.State.PROCESSING)


class Refund(models.Model):
    """Money on its way back to a card. It is written before the gateway is called, and booked once the gateway says so.

    One that was made at the gateway itself is written when it is seen.
    """

    class State(models.TextChoices):
        BEGUN = "begun", _("begun")
        PROCESSING = "processing", _("on its way")
        DONE = "done", _("paid back")
        FAILED = "failed", _("not paid back")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    checkout = models.ForeignKey(Checkout, on_delete=models.PROTECT, related_name="refunds")
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    key = models.CharField(max_length=120, unique=True)
    number = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.BEGUN)
    problem = models.CharField(max_length=300, blank=True)
    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, null=True, related_name="gateway_refund")
    by_kind = models.CharField(max_length=20, blank=True)
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    check_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="refund_of_something")]
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")

    def __str__(self) -> str:
        return str(self.amount)

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.BEGUN, self.State.PROCESSING)


class StrayQuerySet(models.QuerySet["StrayPayment"]):
    def waiting(self) -> "StrayQuerySet":
        return self.filter(decided_at=None)


class StrayPayment(models.Model):
    """Money at the gateway that fits nothing here. It is nobody's until staff say whose it is."""

    class Reason(models.TextChoices):
        UNKNOWN = "unknown", _("nothing here asked for it")
        AMOUNT = "amount", _("another amount than was asked for")
        CURRENCY = "currency", _("another currency than was asked for")
        MODE = "mode", _("test mode, no real money")
        SECOND = "second", _("a second payment for the same")

    class Decision(models.TextChoices):
        ASSIGNED = "assigned", _("assigned to a subscriber")
        DISMISSED = "dismissed", _("put aside")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="strays")
    number = models.CharField(_("number at the gateway"), max_length=120)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    is_live = models.BooleanField()
    reason = models.CharField(_("why it is here"), max_length=10, choices=Reason)
    payer = models.CharField(_("payer"), max_length=200, blank=True)
    paid_on = models.DateField(_("date"))
    checkout = models.ForeignKey(Checkout, on_delete=models.PROTECT, null=True, related_name="strays")
    decision = models.CharField(max_length=10, choices=Decision, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, null=True, related_name="stray")
    decided_at = models.DateTimeField(null=True)
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    seen_at = models.DateTimeField(auto_now_add=True)

    objects = StrayQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["account", "number"], name="one_stray_a_gateway_payment")]
        verbose_name = _("payment that fits nothing")
        verbose_name_plural = _("payments that fit nothing")

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    @property
    def is_waiting(self) -> bool:
        return self.decided_at is None

    @property
    def is_real(self) -> bool:
        """Whether it is money at all."""
        return self.is_live or settings.GATEWAY_TEST_MODE
