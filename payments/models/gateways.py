"""What the ISP has with a gateway: its keys, the cards that may be charged there, and what it rang for."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.crypto import SecretField
from payments.gateways import kinds, open_gateway
from payments.gateways.base import Gateway, Keys, Saved
from payments.models.methods import PaymentMethod
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
    takes_transfers = models.BooleanField(_("takes bank transfers"), default=False, db_default=False)
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
    def can_transfer(self) -> bool:
        """Whether its pages could offer a bank transfer."""
        return bool(self.kind and self.currency in self.kind.transfer_currencies)

    @property
    def offers_transfers(self) -> bool:
        return self.takes_transfers and self.can_transfer

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
    ended_reason = models.CharField(_("reason"), max_length=300, blank=True, default="", db_default="")
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
