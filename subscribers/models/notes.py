"""What staff write about subscribers."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from subscribers.models.subscriber import Subscriber


class Note(models.Model):
    """A note of staff; the subscriber never sees it."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="notes")
    text = models.TextField(_("note"), max_length=2000)
    is_pinned = models.BooleanField(_("keep on top"), default=False)
    by_id = models.BigIntegerField(null=True)  # of the staff user, who lives in the platform's schema
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-is_pinned", "-pk"]
        verbose_name = _("note")
        verbose_name_plural = _("notes")

    def __str__(self) -> str:
        return self.text[:60]
