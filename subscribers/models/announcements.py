"""What the ISP says in the portal: to everybody, to a part of them, or to one."""

import uuid
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from company.models import InvoiceGroup
from subscribers.models.network import Zone
from subscribers.models.portal_user import PortalUser
from subscribers.models.subscriber import Subscriber


class AnnouncementQuerySet(models.QuerySet["Announcement"]):
    def running(self, *, at: datetime) -> "AnnouncementQuerySet":
        """Those that are to be seen at a moment."""
        return self.begun(at=at).filter(Q(ends_at=None) | Q(ends_at__gt=at))

    def begun(self, *, at: datetime) -> "AnnouncementQuerySet":
        """Those that are to be seen, or were."""
        return self.filter(begins_at__lte=at)

    def to(self, subscriber: Subscriber) -> "AnnouncementQuerySet":
        """Those that concern a subscriber: to everybody, to the zone, to the invoice group, to the subscriber alone.

        Who has no group belongs to the default one.
        """
        meant = Q(audience=Announcement.Audience.EVERYBODY) | Q(subscriber=subscriber.pk)
        if subscriber.zone_id:
            meant |= Q(zone=subscriber.zone_id)
        meant |= Q(group=subscriber.group_id) if subscriber.group_id else Q(group__is_default=True)
        return self.filter(meant)

    def troubles(self) -> "AnnouncementQuerySet":
        """Outages and maintenance that concern more than one."""
        kinds = [Announcement.Kind.OUTAGE, Announcement.Kind.MAINTENANCE]
        return self.filter(kind__in=kinds).exclude(audience=Announcement.Audience.SUBSCRIBER)

    def for_anybody(self) -> "AnnouncementQuerySet":
        """Those that stand on the sign-in page, too, where nobody is known yet."""
        open_to_all = [Announcement.Audience.EVERYBODY, Announcement.Audience.ZONE]
        return self.filter(at_sign_in=True, audience__in=open_to_all)

    def with_read_by(self, user: PortalUser) -> "AnnouncementQuerySet":
        """With `is_read`: whether this login has put each away."""
        read = AnnouncementRead.objects.filter(announcement=OuterRef("pk"), portal_user=user.pk)
        return self.annotate(is_read=Exists(read))


class Announcement(models.Model):
    """Words of the ISP to its subscribers, in the portal from a moment on, and until another one if it has an end."""

    class Kind(models.TextChoices):
        MESSAGE = "message", _("message")
        MAINTENANCE = "maintenance", _("maintenance")
        OUTAGE = "outage", _("outage")

    class Audience(models.TextChoices):
        EVERYBODY = "everybody", _("everybody")
        ZONE = "zone", _("one zone")
        GROUP = "group", _("one invoice group")
        SUBSCRIBER = "subscriber", _("one subscriber")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.MESSAGE)
    title = models.CharField(_("title"), max_length=120)
    text = models.TextField(_("text"), max_length=2000, blank=True)
    is_urgent = models.BooleanField(_("urgent"), default=False, help_text=_("Stands out, and stays on top."))
    audience = models.CharField(_("for"), max_length=12, choices=Audience, default=Audience.EVERYBODY)
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("zone"))
    group = models.ForeignKey(
        InvoiceGroup, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("invoice group")
    )
    subscriber = models.ForeignKey(
        Subscriber, on_delete=models.CASCADE, null=True, blank=True, related_name="announcements"
    )
    at_sign_in = models.BooleanField(
        _("show on the sign-in page too"),
        default=False,
        help_text=_("Anybody can read it there, so name nobody."),
    )
    begins_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    by_id = models.BigIntegerField(null=True)  # of the staff user, who lives in the platform's schema
    by_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        ordering = ["-begins_at", "-pk"]
        indexes = [models.Index(fields=["subscriber", "-begins_at"], name="announcement_to_one")]
        constraints = [
            # What is for one never reaches all because a column was forgotten.
            models.CheckConstraint(
                condition=Q(audience="everybody", zone=None, group=None, subscriber=None)
                | Q(audience="zone", zone__isnull=False, group=None, subscriber=None)
                | Q(audience="group", group__isnull=False, zone=None, subscriber=None)
                | Q(audience="subscriber", subscriber__isnull=False, zone=None, group=None),
                name="announcement_has_its_audience",
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=F("begins_at")), name="announcement_ends_after_it_begins"
            ),
        ]
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")

    def __str__(self) -> str:
        return self.title

    @property
    def colour(self) -> str:
        """Of the frame that it stands in."""
        if self.kind == self.Kind.OUTAGE or self.is_urgent:
            return "danger"
        return "warning" if self.kind == self.Kind.MAINTENANCE else "info"

    @property
    def symbol(self) -> str:
        """The icon beside it."""
        icons: dict[Any, str] = {self.Kind.OUTAGE: "plug-connected-x", self.Kind.MAINTENANCE: "tool"}
        return icons.get(self.kind, "message")

    @property
    def for_whom(self) -> str:
        """The audience in words. Loads zone, group or subscriber."""
        return str(self.zone or self.group or self.subscriber or self.get_audience_display())

    def is_running(self, *, at: datetime) -> bool:
        """Whether it is to be seen at a moment."""
        return self.begins_at <= at and not self.is_over(at=at)

    def is_over(self, *, at: datetime) -> bool:
        """Whether its end has come."""
        return self.ends_at is not None and self.ends_at <= at


class AnnouncementRead(models.Model):
    """That a login has put an announcement away."""

    announcement = models.ForeignKey(Announcement, on_delete=models.CASCADE, related_name="reads")
    portal_user = models.ForeignKey(PortalUser, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["announcement", "portal_user"], name="read_once")]

    def __str__(self) -> str:
        return f"{self.announcement_id} by {self.portal_user_id}"
