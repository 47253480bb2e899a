"""Which hosts lead to which ISP."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models import ISP


class Surface(models.TextChoices):
    """The four faces that a host can show."""

    PLATFORM = "platform", _("platform")
    DASHBOARD = "dashboard", _("dashboard")
    PORTAL = "portal", _("portal")
    SHARED_PORTAL = "shared_portal", _("shared portal")


class DomainQuerySet(models.QuerySet["Domain"]):
    def live(self) -> "DomainQuerySet":
        """Domains whose ownership is proved."""
        return self.exclude(verified_at=None)


class Domain(models.Model):
    """A host name of an ISP's own, for its portal or for its staff. Stored in lower-case A-labels."""

    isp = models.ForeignKey(ISP, on_delete=models.CASCADE, related_name="domains")
    host = models.CharField(_("domain"), max_length=253, unique=True)
    surface = models.CharField(max_length=15, choices=[(s.value, s.label) for s in (Surface.PORTAL, Surface.DASHBOARD)])
    is_primary = models.BooleanField(default=True)
    verified_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DomainQuerySet.as_manager()

    class Meta:
        ordering = ["host"]
        constraints = [
            models.UniqueConstraint(
                fields=["isp", "surface"], condition=models.Q(is_primary=True), name="one_primary_domain_per_surface"
            )
        ]

    def __str__(self) -> str:
        return self.host
