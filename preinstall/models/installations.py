"""Installations: who goes where and when, and what was found there."""

import uuid
from datetime import date
from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.models import StoredFile
from preinstall.models.requests import InstallRequest
from subscribers.models import Service

PHOTOS = 6  # of one installation


class InstallationQuerySet(models.QuerySet["Installation"]):
    def planned(self) -> "InstallationQuerySet":
        """Those that somebody still has to go to."""
        return self.filter(state=Installation.State.PLANNED)

    def between(self, first: date, last: date) -> "InstallationQuerySet":
        """Those of these days, in the order of the day; cancelled ones are left out."""
        rows = self.filter(on__gte=first, on__lte=last).exclude(state=Installation.State.CANCELLED)
        return rows.order_by("on", models.F("begins").asc(nulls_last=True), "pk")

    def with_people(self) -> "InstallationQuerySet":
        """With what a list shows of service and subscriber, loaded at once."""
        return self.select_related("service__subscriber__zone", "service__tariff", "service__router")

    def search(self, text: str) -> "InstallationQuerySet":
        """By number, or the beginning of a name, phone or address; every word must be found."""
        rows = self
        for word in text.split():
            found = Q()
            for field in ("first_name", "last_name", "mobile", "address", "district"):
                found |= Q(**{f"service__subscriber__{field}__icontains": word})
            digits = word.upper().removeprefix("I-")
            if digits.isdecimal() and len(digits) < 10:
                found |= Q(number=int(digits)) | Q(service__number=int(digits))
            rows = rows.filter(found)
        return rows


class Installation(models.Model):
    """A visit of a technician that brings a service into being."""

    class State(models.TextChoices):
        PLANNED = "planned", pgettext_lazy("installation", "planned")
        DONE = "done", pgettext_lazy("installation", "done")
        CANCELLED = "cancelled", pgettext_lazy("installation", "cancelled")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(_("number"), unique=True)
    request = models.ForeignKey(
        InstallRequest, on_delete=models.SET_NULL, null=True, blank=True, related_name="installations"
    )
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="installations")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PLANNED)
    on = models.DateField(_("day"), db_index=True)  # the ISP's
    begins = models.TimeField(_("from"), null=True, blank=True)
    ends = models.TimeField(_("until"), null=True, blank=True)
    cost = models.DecimalField(
        _("cost of the installation"),
        max_digits=12,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
    )
    technician_id = models.BigIntegerField(null=True)  # of the staff user, who lives in the platform's schema
    technician_name = models.CharField(_("technician"), max_length=200, blank=True)
    notes = models.TextField(_("notes for the technician"), max_length=1000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)
    report = models.TextField(_("what was done"), max_length=1000, blank=True)
    signed_by = models.CharField(_("name of who signs"), max_length=120, blank=True)
    signature = models.OneToOneField(StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = InstallationQuerySet.as_manager()

    class Meta:
        ordering = ["-on", "-pk"]
        indexes = [models.Index(fields=["technician_id", "on"], name="installation_of_technician")]
        constraints = [
            models.UniqueConstraint(
                fields=["service"], condition=Q(state="planned"), name="one_planned_installation_of_a_service"
            ),
        ]
        verbose_name = _("installation")
        verbose_name_plural = _("installations")

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """The number as it is told to people."""
        return f"I-{self.number:06d}"

    @property
    def is_planned(self) -> bool:
        return self.state == self.State.PLANNED

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        return {"planned": "azure", "done": "green"}.get(self.state, "secondary")

    def is_for(self, staff_id: int) -> bool:
        """Whether this member of the staff is its technician."""
        return self.technician_id == staff_id


class InstallationChange(models.Model):
    """How an installation stood after somebody changed it."""

    installation = models.ForeignKey(Installation, on_delete=models.CASCADE, related_name="changes")
    state = models.CharField(max_length=10, choices=Installation.State)
    on = models.DateField()
    begins = models.TimeField(null=True)
    technician_name = models.CharField(max_length=200, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.installation_id}: {self.state}"

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        return {"planned": "azure", "done": "green"}.get(self.state, "secondary")


class InstallationPhoto(models.Model):
    """A picture that the technician took on the spot."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    installation = models.ForeignKey(Installation, on_delete=models.CASCADE, related_name="photos")
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.file_id)
