"""The ISP's customers, what they have, and their logins."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from subscribers.preview_models import Preview
from subscribers.search import SearchWords, SortName, query_for

# Django looks for models here.
__all__ = ["Preview"]

USERNAME = r"\A[A-Za-z0-9._-]{3,60}\Z"


class Counter(models.Model):
    """The last number given out of one kind; its row is locked while the next one is taken."""

    name = models.CharField(max_length=20, primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name}: {self.last}"


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


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def search(self, text: str) -> "SubscriberQuerySet":
        """Those whose name, number, ID number, phone, e-mail or user name fits what was typed; all for no text."""
        text = text.strip()
        if not text:
            return self
        people = Subscriber.objects.order_by().alias(words=SearchWords(), mail=Lower("email"))
        found = [PortalUser.objects.order_by().alias(name=Lower("username")).filter(name__startswith=text.lower())]
        found = [logins.values("subscriber_id") for logins in found]
        if words := query_for(text):
            found.append(people.filter(words=words).values("pk"))
        if "@" in text:
            found.append(people.filter(mail__startswith=text.lower()).values("pk"))
        return self.filter(pk__in=found[0].union(*found[1:]) if len(found) > 1 else found[0])

    def with_service(self, **where: object) -> "SubscriberQuerySet":
        """Those with a service of, say, this state and tariff."""
        return self.filter(models.Exists(Service.objects.order_by().filter(subscriber=models.OuterRef("pk"), **where)))


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
    sort_name = models.GeneratedField(
        expression=SortName("last_name", "first_name"),
        output_field=models.CharField(max_length=161),
        db_persist=True,
    )

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        ordering = ["sort_name", "pk"]
        indexes = [
            models.Index(Lower("email"), name="subscriber_email"),
            models.Index(fields=["sort_name", "id"], name="subscriber_order"),
            GinIndex(SearchWords(), name="subscriber_words"),
        ]
        verbose_name = _("subscriber")
        verbose_name_plural = _("subscribers")

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def listed_name(self) -> str:
        """The name as a list sorted by surname shows it."""
        return f"{self.last_name}, {self.first_name}" if self.last_name else self.first_name

    @property
    def town(self) -> str:
        """Postcode and city on one line."""
        return f"{self.postcode} {self.city}".strip()


class ServiceQuerySet(models.QuerySet["Service"]):
    def lasting(self) -> "ServiceQuerySet":
        """All but the ended ones."""
        return self.exclude(state=Service.State.ENDED)


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

    objects = ServiceQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        indexes = [models.Index(fields=["state", "subscriber"], name="service_state")]
        verbose_name = _("service")
        verbose_name_plural = _("services")

    def __str__(self) -> str:
        return f"{self.tariff} ({self.number})"

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        return {"pending": "azure", "active": "green", "suspended": "orange"}.get(self.state, "secondary")


class PortalUser(AbstractBaseUser):
    """A login that belongs to a subscriber. Lives in the ISP's schema, and in no other."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="portal_users")
    username = models.CharField(
        _("user name"),
        max_length=60,
        unique=True,
        validators=[
            RegexValidator(USERNAME, _("Use 3 to 60 letters without accents, digits, dots, hyphens and underscores."))
        ],
    )
    email = models.EmailField(_("e-mail"), blank=True)
    language = models.CharField(_("language"), max_length=5, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"

    class Meta:
        ordering = ["username"]
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="username_in_any_case",
                violation_error_message=_("This user name is taken."),
            ),
            # No @: sign-in tells user names from e-mail addresses and from name@isp by it.
            models.CheckConstraint(condition=models.Q(username__regex=USERNAME), name="username_form"),
        ]
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
