"""What subscribers have."""

from decimal import Decimal

from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from subscribers.models.network import Router
from subscribers.models.subscriber import Subscriber
from subscribers.models.tariff import Tariff
from subscribers.search import PLACES, Words

COLOURS = {"pending": "azure", "active": "green", "suspended": "orange"}


class ServiceQuerySet(models.QuerySet["Service"]):
    def lasting(self) -> "ServiceQuerySet":
        """All but the ended ones."""
        return self.exclude(state=Service.State.ENDED)

    def with_state_date(self) -> "ServiceQuerySet":
        """With `state_at`, the moment in which each came into its state; None where nobody wrote it down."""
        of_one = ServiceChange.objects.filter(service=models.OuterRef("pk"), state=models.OuterRef("state"))
        return self.annotate(state_at=models.Subquery(of_one.order_by("-pk").values("at")[:1]))


class Service(models.Model):
    """One subscriber's instance of a tariff."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        ACTIVE = "active", _("active")
        SUSPENDED = "suspended", _("suspended")
        ENDED = "ended", _("ended")

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="services")
    number = models.PositiveIntegerField(_("service number"), unique=True)
    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="services", verbose_name=_("tariff"))
    price = models.DecimalField(
        _("own price"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("Empty: the tariff's price."),
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ACTIVE)
    address = models.CharField(_("address of the connection"), max_length=200, blank=True)
    router = models.ForeignKey(
        Router, on_delete=models.PROTECT, null=True, blank=True, related_name="services", verbose_name=_("router")
    )
    ip_address = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    queue_name = models.CharField(_("queue name"), max_length=80, blank=True, db_default="")
    back_on_report = models.BooleanField(
        _("comes back for some days when a payment is reported"),
        null=True,
        blank=True,
        choices=[(None, _("as the settings say")), (True, _("yes")), (False, _("no"))],
        help_text=_("When it is off for debt. How long, and up to which debt, is in the settings."),
    )
    started_on = models.DateField(_("since"), null=True, blank=True)
    ended_on = models.DateField(_("ended on"), null=True, blank=True)

    objects = ServiceQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        indexes = [
            models.Index(fields=["state", "subscriber"], name="service_state"),
            GinIndex(Words(**PLACES["Service"]), name="service_words"),
        ]
        constraints = [
            # Two routers may use the same private addresses; those without a router count as on one.
            models.UniqueConstraint(
                fields=["router", "ip_address"],
                condition=~models.Q(state="ended") & models.Q(ip_address__isnull=False),
                nulls_distinct=False,
                name="one_service_for_an_address",
                violation_error_message=_("Another service on this router has this IP address."),
            )
        ]
        verbose_name = _("service")
        verbose_name_plural = _("services")

    def __str__(self) -> str:
        return f"{self.tariff} ({self.number})"

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        return COLOURS.get(self.state, "secondary")

    @property
    def full_price(self) -> Decimal:
        """What a cycle costs, tax included. Loads the tariff."""
        return self.tariff.price if self.price is None else self.price


class ServiceChange(models.Model):
    """Who brought a service into a state, when and why."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="changes")
    state = models.CharField(max_length=10, choices=Service.State)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    by_kind = models.CharField(max_length=20, blank=True)  # as in the audit log: staff_user, portal_user, system
    by_id = models.BigIntegerField(null=True)  # staff live in the platform's schema
    by_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.service_id}: {self.state}"

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        return COLOURS.get(self.state, "secondary")


class PriceChange(models.Model):
    """From which day on a service costs something else, and what it had cost until then. It is for billing by days."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="price_changes")
    on = models.DateField(_("from"))  # the ISP's date, the first day that costs the new price
    name_before = models.CharField(max_length=80)  # of the tariff, as subscribers read it
    price_before = models.DecimalField(max_digits=12, decimal_places=2)  # each cycle, tax included
    tax_rate_before = models.DecimalField(max_digits=5, decimal_places=2)
    cycle_before = models.PositiveSmallIntegerField()  # months
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["service", "on", "pk"]

    def __str__(self) -> str:
        return f"{self.service_id}: {self.on}"
