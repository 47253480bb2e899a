"""What the ISP has with a gateway: its keys, what is to be paid there, what it rang for, and what fits nothing."""

import uuid
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.models import LedgerEntry
from core.crypto import SecretField
from payments.gateways import kinds, open_gateway
from payments.gateways.base import Gateway, Keys, Saved
from payments.models.methods import PaymentMethod
from payments.models.payments import Payment
from subscribers.models import Subscriber

STALE = timedelta(days=2)  # keys are looked at once a day


class GatewayAccountQuerySet(models.QuerySet["GatewayAccount"]):
    def offered(self) -> "GatewayAccountQuerySet":
        """Those that subscribers can pay at: keys that work, of the live mode, and a way to pay that is shown."""
        shown = {"method__is_active": True, "method__visible_in_portal": True}
        found = self.filter(is_active=True, can_charge=True, problem="", **shown)
        return found if settings.GATEWAY_TEST_MODE else found.filter(is_live=True)


class GatewayAccount(models.Model):
    """An ISP's own account at a gateway, by the keys that it has pasted. The keys are never shown again."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    gateway = models.CharField(max_length=30, unique=True)  # the name of its folder
    secret = SecretField(blank=True)
    webhook_secret = SecretField(blank=True)
    webhook = models.CharField(max_length=120, blank=True)  # the gateway's id of it
    account = models.CharField(max_length=120, blank=True)
    name = models.CharField(max_length=200, blank=True)
    country = models.CharField(max_length=2, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    is_live = models.BooleanField(default=False)
    can_charge = models.BooleanField(default=True)
    is_active = models.BooleanField(_("in use"), default=True)
    method = models.OneToOneField(PaymentMethod, on_delete=models.PROTECT, related_name="gateway_account")
    problem = models.CharField(max_length=300, blank=True)  # what the gateway said when the keys were tried last
    checked_at = models.DateTimeField(null=True)
    last_event_at = models.DateTimeField(null=True)
    connected_at = models.DateTimeField(auto_now_add=True)

    objects = GatewayAccountQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("gateway")
        verbose_name_plural = _("gateways")

    def __str__(self) -> str:
        return self.title

    def open(self) -> Gateway:
        """The gateway with these keys. Nothing is called yet."""
        return open_gateway(self.gateway, Keys(self.secret, self.webhook_secret))

    @property
    def kind(self) -> type[Gateway] | None:
        """None where its folder is gone."""
        return kinds().get(self.gateway)

    @property
    def title(self) -> str:
        return self.kind.title if self.kind else self.gateway

    @property
    def is_offered(self) -> bool:
        """Whether subscribers can pay there."""
        works = self.is_active and self.can_charge and not self.problem
        return works and (self.is_live or settings.GATEWAY_TEST_MODE)

    @property
    def light(self) -> str:
        """Green, yellow or red."""
        if self.problem or not self.can_charge:
            return "red"
        return "green" if self.is_live and self.is_active and self.webhook else "yellow"

    def is_stale(self, at: datetime) -> bool:
        """Whether nobody knows any more if the keys work."""
        return self.checked_at is None or at - self.checked_at > STALE


class SavedMethodQuerySet(models.QuerySet["SavedMethod"]):
    def running(self) -> "SavedMethodQuerySet":
        return self.filter(ended_at=None)


class SavedMethod(models.Model):
    """A card that the subscriber lets the ISP charge, and that agreement: who gave it, when, to which words."""

    class Ended(models.TextChoices):
        SUBSCRIBER = "subscriber", _("ended by the subscriber")
        STAFF = "staff", _("ended by staff")
        REPLACED = "replaced", _("replaced by another card")
        REFUSED = "refused", _("refused by the bank too often")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="saved_methods")
    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="saved_methods")
    number = models.CharField(max_length=120)  # the gateway's
    customer = models.CharField(max_length=120)
    brand = models.CharField(_("card"), max_length=30)
    last4 = models.CharField(_("last four digits"), max_length=4)
    expires = models.CharField(_("valid until"), max_length=7, blank=True)
    terms = models.CharField(_("agreed to"), max_length=500)
    agreed_at = models.DateTimeField(_("agreed"))
    agreed_by_id = models.BigIntegerField(null=True)
    agreed_by_name = models.CharField(_("agreed by"), max_length=200, blank=True)
    refusals = models.PositiveSmallIntegerField(default=0)  # since the last payment
    tried_on = models.DateField(null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_how = models.CharField(max_length=12, choices=Ended, blank=True)
    ended_by_name = models.CharField(max_length=200, blank=True)
    forgotten_at = models.DateTimeField(null=True)  # the gateway can no longer charge it

    objects = SavedMethodQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["subscriber"], condition=Q(ended_at=None), name="one_saved_method_a_subscriber"
            )
        ]
        verbose_name = _("saved card")
        verbose_name_plural = _("saved cards")

    def __str__(self) -> str:
        return f"{self.brand.title()} •••• {self.last4}"

    @property
    def is_running(self) -> bool:
        return self.ended_at is None

    @property
    def saved(self) -> Saved:
        return Saved(self.number, self.customer, self.brand, self.last4, self.expires)


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


class GatewayEvent(models.Model):
    """That a gateway rang, once for each of its events. What it rang about is read from the gateway itself."""

    account = models.ForeignKey(GatewayAccount, on_delete=models.CASCADE, related_name="events")
    event = models.CharField(max_length=255)
    kind = models.CharField(max_length=80)
    about = models.CharField(max_length=255, blank=True)
    is_live = models.BooleanField()
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["received_at"], condition=Q(processed_at__isnull=True), name="events_to_process")
        ]
        constraints = [models.UniqueConstraint(fields=["account", "event"], name="an_event_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"


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


__all__ = [
    "Checkout",
    "GatewayAccount",
    "GatewayEvent",
    "Refund",
    "SavedMethod",
    "StrayPayment",
]
