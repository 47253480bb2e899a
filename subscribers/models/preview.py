"""Staff who see the portal as a subscriber does."""

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models import Token

KEPT = timedelta(days=30)  # after the end; what counts is in the audit log


class PreviewQuerySet(models.QuerySet["Preview"]):
    def running(self) -> "PreviewQuerySet":
        """Those that were begun and whose end is not written down; their time may be over."""
        return self.filter(used_at__isnull=False, ended_at=None)

    def overdue(self, *, at: datetime) -> "PreviewQuerySet":
        return self.running().filter(ends_at__lte=at)

    def forgettable(self, *, at: datetime) -> "PreviewQuerySet":
        """Those that ended long ago, and those that nobody began."""
        return self.exclude(used_at__isnull=False, ended_at=None).filter(expires_at__lte=at - KEPT)


class Preview(Token):
    """A look at the portal as one portal user, by one member of the staff, at one host.

    As a token it carries the look over from the dashboard at `origin`; once it is spent, a session of its own kind at
    `host` refers to it until it ends. Staff are in another schema, so `by_id` is no foreign key.
    """

    class End(models.TextChoices):
        STOPPED = "stopped", _("stopped")
        RAN_OUT = "ran_out", _("the time was over")
        REPLACED = "replaced", _("another preview was begun")
        LOST = "lost", _("sign-out, or a right or the login was gone")

    portal_user = models.ForeignKey("subscribers.PortalUser", on_delete=models.CASCADE, related_name="previews")
    by_id = models.BigIntegerField(db_index=True)
    by_name = models.CharField(max_length=120)
    sign_in_digest = models.CharField(max_length=64)  # tenants.authentication.sign_in_digest of who began it
    origin = models.CharField(max_length=300)  # of the dashboard: scheme, host, port
    host = models.CharField(max_length=253)  # of the portal
    ends_at = models.DateTimeField(null=True)  # at the latest; None until it is begun
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=10, choices=End, blank=True)

    objects = PreviewQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("preview")
        verbose_name_plural = _("previews")

    def __str__(self) -> str:
        return f"{self.by_name}: {self.portal_user_id}"
