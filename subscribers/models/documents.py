"""Papers of subscribers."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models import StoredFile
from subscribers.models.subscriber import Subscriber


class SubscriberDocumentQuerySet(models.QuerySet["SubscriberDocument"]):
    def in_portal(self) -> "SubscriberDocumentQuerySet":
        """Those that the subscriber may see."""
        return self.filter(in_portal=True)


class SubscriberDocument(models.Model):
    """A contract or another paper that staff keep for a subscriber."""

    class Kind(models.TextChoices):
        CONTRACT = "contract", _("contract")
        IDENTITY = "identity", _("official ID")
        ADDRESS = "address", _("proof of address")
        HANDOVER = "handover", _("handover of equipment")
        OTHER = "other", _("another paper")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.CONTRACT)
    title = models.CharField(_("title"), max_length=120)
    in_portal = models.BooleanField(
        _("show it in the portal"),
        default=False,
        help_text=_("The subscriber can open it there, with every login."),
    )
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="+")
    by_id = models.BigIntegerField(null=True)  # of the staff user, who lives in the platform's schema
    by_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    objects = SubscriberDocumentQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("document")
        verbose_name_plural = _("documents")

    def __str__(self) -> str:
        return self.title
