"""Billing runs: many invoices at once, and what they would be before they are made."""

import uuid
from datetime import datetime
from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from company.models import InvoiceGroup
from subscribers.models import Subscriber


class BillingRunQuerySet(models.QuerySet["BillingRun"]):
    def under_way(self) -> "BillingRunQuerySet":
        """Those that a worker has to go on with."""
        return self.filter(state__in=[BillingRun.State.FORECAST, BillingRun.State.RUNNING])

    def held(self, *, since: datetime) -> "BillingRunQuerySet":
        """Those that stopped at a bound by themselves since a moment, before or after they had begun."""
        rows = self.filter(state__in=[BillingRun.State.PLANNED, BillingRun.State.STOPPED], report__has_key="stopped")
        return rows.filter(touched_at__gte=since).exclude(report__stopped__kind="staff")


class BillingRun(models.Model):
    """What is due on a date, billed for everybody or for one invoice group.

    First it is forecast: `rows` say who gets what, and nothing is written to the books. Once confirmed it is done in
    chunks. How far it is (`cursor`, the last subscriber looked at) changes in the transaction that writes a chunk's
    invoices. `most_…` are its bounds: what would pass one of them is not written, and the run stops.
    """

    class State(models.TextChoices):
        FORECAST = "forecast", pgettext_lazy("billing run", "being worked out")
        PLANNED = "planned", pgettext_lazy("billing run", "waits for confirmation")
        RUNNING = "running", pgettext_lazy("billing run", "under way")
        STOPPED = "stopped", pgettext_lazy("billing run", "stopped")
        DONE = "done", pgettext_lazy("billing run", "done")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    on = models.DateField(_("date of the invoices"))
    group = models.ForeignKey(
        InvoiceGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("invoice group")
    )
    # The day on which the schedule began it; empty where somebody did.
    scheduled_for = models.DateField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.FORECAST)
    cursor = models.BigIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)  # subscribers to look at
    looked_at = models.PositiveIntegerField(default=0)
    expected_count = models.PositiveIntegerField(default=0)  # by the forecast
    expected_amount = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    expected_highest = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    most_count = models.PositiveIntegerField(null=True)
    most_amount = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    most_each = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    count = models.PositiveIntegerField(default=0)  # invoices made
    amount = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    credit_notes = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=dict)  # odd: {kind: how many}, left_out: {reason: how many}, stopped: why
    by_kind = models.CharField(max_length=20, blank=True)  # as in the audit log
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(auto_now=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = BillingRunQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["state", "touched_at"], name="billing_run_state")]
        constraints = [
            models.UniqueConstraint(
                fields=["scheduled_for", "group"],
                condition=Q(scheduled_for__isnull=False),
                nulls_distinct=False,
                name="one_scheduled_run_a_day",
            )
        ]
        verbose_name = _("billing run")
        verbose_name_plural = _("billing runs")

    def __str__(self) -> str:
        return f"{self.on} ({self.state})"

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.FORECAST, self.State.RUNNING)

    @property
    def percent(self) -> int:
        return min(100, 100 * self.looked_at // self.total) if self.total else 100

    @property
    def was_begun(self) -> bool:
        """Whether it may have written invoices."""
        return self.started_at is not None

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        return {"done": "green", "stopped": "orange", "planned": "purple"}.get(self.state, "azure")


class Oddity(models.TextChoices):
    """What makes somebody look twice at an invoice of a forecast."""

    DEVIATES = "deviates", _("differs much from the last invoice")
    FIRST = "first", _("first invoice")
    PRORATED = "prorated", _("part of a period")
    CATCHES_UP = "catches_up", _("several periods at once")
    ZERO = "zero", _("nothing to pay")
    NO_ADDRESS = "no_address", _("no address")
    ENDED = "ended", _("service has ended")
    CREDIT = "credit", _("money back")


class LeftOut(models.TextChoices):
    """Why somebody got no invoice although something was due."""

    ALREADY_BILLED = "already_billed", _("Another invoice bills some of these days.")
    NOTHING_TO_CREDIT = "nothing_to_credit", _("There is no invoice left that the rest could be given back from.")
    FAILED = "failed", _("It could not be written; the fault is ours.")


class BillingRunRow(models.Model):
    """What a forecast says about a subscriber; or whom the run has left out, and why."""

    run = models.ForeignKey(BillingRun, on_delete=models.CASCADE, related_name="rows")
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="+")
    amount = models.DecimalField(max_digits=14, decimal_places=2, default=Decimal(0))
    last_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)  # of the invoice before
    odd = ArrayField(models.CharField(max_length=12), default=list)
    reason = models.CharField(max_length=20, choices=LeftOut, blank=True)  # set where the run has left somebody out

    class Meta:
        ordering = ["run", "pk"]
        indexes = [models.Index(fields=["run", "reason", "id"], name="billing_run_rows")]

    def __str__(self) -> str:
        return f"{self.subscriber_id}: {self.amount}"
