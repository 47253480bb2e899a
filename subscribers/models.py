"""The ISP's customers, what they have, and their logins."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class Zone(models.Model):
    """A part of the network's area."""

    name = models.CharField(_("zone"), max_length=80, unique=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("zone")
        verbose_name_plural = _("zones")

    def __str__(self) -> str:
        return self.name


class Tariff(models.Model):
    """What is sold: a speed for a price a month, in the ISP's currency."""

    name = models.CharField(_("tariff"), max_length=80, unique=True)
    download = models.PositiveIntegerField(_("download"))  # Mbit/s
    upload = models.PositiveIntegerField(_("upload"))  # Mbit/s
    price = models.DecimalField(_("monthly price"), max_digits=12, decimal_places=2)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["price"]
        verbose_name = _("tariff")
        verbose_name_plural = _("tariffs")

    def __str__(self) -> str:
        return self.name


class Subscriber(models.Model):
    """A household or company that is the ISP's customer."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(_("subscriber number"), unique=True)
    first_name = models.CharField(_("first name"), max_length=80)
    last_name = models.CharField(_("surname"), max_length=80, blank=True)
    id_number = models.CharField(_("official ID number"), max_length=40, blank=True, db_index=True)
    email = models.EmailField(_("e-mail"), blank=True)
    mobile = models.CharField(_("mobile"), max_length=20, blank=True, db_index=True)  # E.164
    address = models.CharField(_("address"), max_length=200, blank=True)
    district = models.CharField(_("district"), max_length=80, blank=True)
    city = models.CharField(_("city"), max_length=80, blank=True)
    postcode = models.CharField(_("postcode"), max_length=12, blank=True)
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("zone"))
    created_at = models.DateTimeField(_("customer since"), auto_now_add=True)

    class Meta:
        ordering = ["last_name", "first_name", "pk"]
        indexes = [models.Index(Lower("email"), name="subscriber_email")]
        verbose_name = _("subscriber")
        verbose_name_plural = _("subscribers")

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class Service(models.Model):
    """One subscriber's instance of a tariff."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        ACTIVE = "active", _("active")
        SUSPENDED = "suspended", _("suspended")
        ENDED = "ended", _("ended")

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="services")
    number = models.PositiveIntegerField(_("service number"), unique=True)
    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, verbose_name=_("tariff"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ACTIVE)
    address = models.CharField(_("address of the connection"), max_length=200, blank=True)
    ip_address = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    started_on = models.DateField(_("since"), null=True, blank=True)

    class Meta:
        ordering = ["number"]
        verbose_name = _("service")
        verbose_name_plural = _("services")

    def __str__(self) -> str:
        return f"{self.tariff} ({self.number})"


class PortalUser(AbstractBaseUser):
    """A login that belongs to a subscriber. Lives in the ISP's schema, and in no other."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="portal_users")
    username = models.CharField(_("user name"), max_length=60, unique=True)
    email = models.EmailField(_("e-mail"), blank=True)
    language = models.CharField(_("language"), max_length=5, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"

    class Meta:
        ordering = ["username"]
        constraints = [models.UniqueConstraint(Lower("username"), name="username_in_any_case")]
        indexes = [models.Index(Lower("email"), name="portal_user_email")]
        verbose_name = _("portal user")
        verbose_name_plural = _("portal users")

    def __str__(self) -> str:
        return self.username

    @property
    def audit_kind(self) -> str:
        return "portal_user"

    @property
    def audit_label(self) -> str:
        return self.username
