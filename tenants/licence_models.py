"""Which licence plan an ISP has, and had. Django finds it through tenants.models."""

from datetime import datetime

from django.db import models
from django.utils import timezone

from tenants.plans import Plan


class LicenceQuerySet(models.QuerySet["Licence"]):
    def running(self) -> "LicenceQuerySet":
        return self.filter(ended_at=None)

    def due(self, *, at: datetime) -> "LicenceQuerySet":
        """Those to look at: has the ISP more than its plan includes?"""
        return self.running().filter(next_look_at__lte=at).order_by("next_look_at")


class Licence(models.Model):
    """A time in which an ISP has a plan. An ISP without one has the installation's DEFAULT_PLAN."""

    isp = models.ForeignKey("tenants.ISP", on_delete=models.CASCADE, related_name="licences")
    plan = models.CharField(max_length=10, choices=Plan)
    since = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey("tenants.StaffUser", on_delete=models.SET_NULL, related_name="+", null=True)
    ended_at = models.DateTimeField(null=True)
    grace_until = models.DateTimeField(null=True)  # until then what is more than the plan includes keeps working
    next_look_at = models.DateTimeField(null=True, db_index=True)

    objects = LicenceQuerySet.as_manager()

    class Meta:
        ordering = ["-since"]
        constraints = [
            models.UniqueConstraint(fields=["isp"], condition=models.Q(ended_at=None), name="one_running_licence")
        ]

    def __str__(self) -> str:
        return self.get_plan_display()
