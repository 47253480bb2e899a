"""Browsers in which somebody wants notifications."""

import uuid
from datetime import datetime

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.crypto import SecretField


class BrowserQuerySet(models.QuerySet["Browser"]):
    def of_subscriber(self, key: int) -> "BrowserQuerySet":
        """Those in which a login of a subscriber wants notifications."""
        return self.filter(subscriber_key=key)


class Browser(models.Model):
    """One browser on one device, by the address at its push service. Whoever has that and the keys can write there."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    digest = models.CharField(max_length=64, unique=True)  # of the endpoint, to find it again
    endpoint = SecretField()
    p256dh = SecretField()
    auth = SecretField()
    name = models.CharField(_("browser"), max_length=80, blank=True)
    # Whose: keys of a portal user and of the subscriber, who live in an app above this one.
    owner_key = models.BigIntegerField(db_index=True)
    subscriber_key = models.BigIntegerField(db_index=True)
    made_at: datetime = models.DateTimeField(_("since"), auto_now_add=True)

    objects = BrowserQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("browser")
        verbose_name_plural = _("browsers")

    def __str__(self) -> str:
        return self.name or str(self.uuid)

    @property
    def subscription(self) -> dict[str, str]:
        """As the channel needs it."""
        return {"endpoint": self.endpoint, "p256dh": self.p256dh, "auth": self.auth}
