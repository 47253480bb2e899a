"""Where in the network a subscriber is."""

import uuid

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.utils.translation import gettext_lazy as _


class Zone(models.Model):
    """A part of the network's area."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    name = models.CharField(_("zone"), max_length=80, unique=True)
    timezone = models.CharField(
        _("time zone"),
        max_length=50,
        blank=True,
        default="",
        db_default="",
        help_text=_("Only if the clocks there differ from yours. It decides when it is too late there for a message."),
    )

    class Meta:
        ordering = ["name"]
        verbose_name = _("zone")
        verbose_name_plural = _("zones")

    def __str__(self) -> str:
        return self.name


class Router(models.Model):
    """A router of the ISP that services are connected to."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    name = models.CharField(_("router"), max_length=80, unique=True)
    address = models.GenericIPAddressField(_("address in the network"), null=True, blank=True)
    zone = models.ForeignKey(
        Zone, on_delete=models.PROTECT, null=True, blank=True, related_name="routers", verbose_name=_("zone")
    )
    notes = models.TextField(_("notes"), max_length=1000, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("router")
        verbose_name_plural = _("routers")

    def __str__(self) -> str:
        return self.name
