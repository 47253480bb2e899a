"""The pages that a cut-off or warned subscriber is sent to, and the list that tells routers who is cut off."""

import uuid

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.utils.translation import gettext_lazy as _

from subscribers.models import Router


class NoticeKind(models.TextChoices):
    CUT_OFF = "cut-off", _("cut off")
    PAYMENT_DUE = "payment-due", _("payment due")
    MAINTENANCE = "maintenance", _("maintenance")
    CUSTOM = "custom", _("custom")


class NoticeText(models.Model):
    """What the ISP says on a notice page, in Markdown, in place of our own words."""

    kind = models.CharField(max_length=12, choices=NoticeKind, unique=True)
    title = models.CharField(_("title"), max_length=120, blank=True)
    text = models.TextField(_("text"), max_length=2000, blank=True)

    class Meta:
        ordering = ["kind"]
        verbose_name = _("notice")
        verbose_name_plural = _("notices")

    def __str__(self) -> str:
        return self.get_kind_display()


class NoticeSource(models.Model):
    """Where the ISP's own routers reach us from. Only what they say of who is behind them is believed.

    `router` is the one whose addresses they speak of, where several routers use the same ones.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    network = models.CharField(_("address or network"), max_length=49, unique=True)
    router = models.ForeignKey(
        Router, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("router")
    )

    class Meta:
        ordering = ["network"]
        verbose_name = _("trusted address")
        verbose_name_plural = _("trusted addresses")

    def __str__(self) -> str:
        return self.network


class ListTokenQuerySet(models.QuerySet["ListToken"]):
    def good(self) -> "ListTokenQuerySet":
        """Those that open a list."""
        return self.filter(revoked_at=None)


class ListToken(models.Model):
    """The secret in the address at which routers fetch who is cut off. It is shown once and kept hashed."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    digest = models.CharField(max_length=64, unique=True)
    router = models.ForeignKey(
        Router, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("router")
    )
    created_at = models.DateTimeField(auto_now_add=True)
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    revoked_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(_("last asked"), null=True)

    objects = ListTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("address of the list")
        verbose_name_plural = _("addresses of the list")

    def __str__(self) -> str:
        return str(self.router or _("all routers"))
