"""What an ISP says in its own words, in place of the built-in texts."""

import uuid

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from company.models import InvoiceGroup
from messaging.channels.reasons import Reason, read
from messaging.models.messages import Medium


class OwnTextQuerySet(models.QuerySet["OwnText"]):
    def in_use(self) -> "OwnTextQuerySet":
        """Those that are said; the others have gone back to the built-in text."""
        return self.filter(is_on=True)

    def for_reader(self, *, event: str, medium: str, language: str, group: int | None) -> "OwnTextQuerySet":
        """Those that may be used, the most fitting first: that of the group before that of all."""
        groups = Q(group=None) | Q(group=group) if group else Q(group=None)
        rows = self.in_use().filter(groups, event=event, medium=medium, language=language)
        return rows.order_by(F("group").asc(nulls_last=True))


class OwnText(models.Model):
    """The words for one event, group, language and medium. What is written here is in the small language of
    `messaging.wording`; for mails it is Markdown, too."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    event = models.CharField(max_length=60)  # see messaging.occasions
    group = models.ForeignKey(  # None: whoever has no text of their group
        InvoiceGroup, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("invoice group")
    )
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    medium = models.CharField(_("by"), max_length=10, choices=Medium)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    text = models.TextField(_("text"), blank=True)
    # Of WhatsApp, which takes nothing else unless the person wrote first: an approved text, as `name:es_MX`, and what
    # stands in its holes, by their places (messaging.approved). `text` is then how it reads.
    approved = models.CharField(_("approved template"), max_length=120, blank=True, db_default="")
    holes = models.JSONField(default=dict, db_default={})
    is_on = models.BooleanField(default=True, db_default=True)
    version = models.PositiveIntegerField(default=0, db_default=0)
    # Why it could not be used the last time, for staff; empty again once it is saved.
    problem = models.CharField(max_length=300, blank=True, db_default="")
    problem_at = models.DateTimeField(null=True)

    objects = OwnTextQuerySet.as_manager()

    class Meta:
        ordering = ["event", "medium", "language", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "group", "language", "medium"], nulls_distinct=False, name="one_text_for_a_reader"
            )
        ]
        verbose_name = _("text of a message")
        verbose_name_plural = _("texts of messages")

    def __str__(self) -> str:
        return f"{self.event} {self.medium} {self.language}"

    @property
    def why(self) -> Reason:
        """Why it could not be used."""
        return read(self.problem)


class TextVersion(models.Model):
    """A text as it once was. Rows are added and never changed."""

    own_text = models.ForeignKey(OwnText, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    text = models.TextField(_("text"), blank=True)
    approved = models.CharField(_("approved template"), max_length=120, blank=True, db_default="")
    holes = models.JSONField(default=dict, db_default={})
    is_on = models.BooleanField(default=True, db_default=True)  # False: back to the built-in text
    at = models.DateTimeField(auto_now_add=True)
    by_id = models.BigIntegerField(null=True)  # of the staff user, who lives in the platform's schema
    by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["own_text", "-number"]
        constraints = [models.UniqueConstraint(fields=["own_text", "number"], name="one_version_of_a_text")]
        verbose_name = _("version of a text")
        verbose_name_plural = _("versions of texts")

    def __str__(self) -> str:
        return f"{self.own_text_id}: {self.number}"
