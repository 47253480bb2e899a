"""What subscribers consent to: documents in versions, and who has given which."""

import uuid

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from subscribers.models.documents import SubscriberDocument
from subscribers.models.subscriber import Subscriber


class ConsentDocumentQuerySet(models.QuerySet["ConsentDocument"]):
    def on_offer(self) -> "ConsentDocumentQuerySet":
        """Those that can be given: in use, with a version that is published."""
        published = ConsentVersion.objects.published().filter(document=models.OuterRef("pk"))
        return self.filter(models.Exists(published), is_active=True)


class ConsentDocument(models.Model):
    """Something that subscribers can consent to, such as messages about offers."""

    class Givers(models.TextChoices):
        OWNER = "owner", _("account owners only")
        ANY = "any", _("every login that may give consents")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    title = models.CharField(_("title"), max_length=120, unique=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    givers = models.CharField(_("may be given by"), max_length=10, choices=Givers, default=Givers.OWNER)
    is_active = models.BooleanField(_("in use"), default=True)
    # Who has given it gets news and offers; who takes it back, no more.
    is_for_news = models.BooleanField(_("is the consent to news and offers"), default=False, db_default=False)

    objects = ConsentDocumentQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        verbose_name = _("consent document")
        verbose_name_plural = _("consent documents")

    def __str__(self) -> str:
        return self.title


class ConsentVersionQuerySet(models.QuerySet["ConsentVersion"]):
    def published(self) -> "ConsentVersionQuerySet":
        return self.exclude(published_at=None)


class ConsentVersion(models.Model):
    """The text of a document. Once published it stays as it is; another text is another version."""

    document = models.ForeignKey(ConsentDocument, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    text = models.TextField(_("text"), max_length=20_000)
    published_at = models.DateTimeField(_("published"), null=True)  # None: a draft
    by_id = models.BigIntegerField(null=True)  # of the staff user, who lives in the platform's schema
    by_name = models.CharField(max_length=200, blank=True)

    objects = ConsentVersionQuerySet.as_manager()

    class Meta:
        ordering = ["document", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["document", "number"], name="one_consent_version_of_a_number"),
            models.UniqueConstraint(
                fields=["document"], condition=models.Q(published_at=None), name="one_draft_of_a_consent"
            ),
        ]
        verbose_name = _("version of a consent")
        verbose_name_plural = _("versions of consents")

    def __str__(self) -> str:
        return f"{self.document_id}: {self.number}"

    @property
    def is_draft(self) -> bool:
        return self.published_at is None


class ConsentQuerySet(models.QuerySet["Consent"]):
    def standing(self) -> "ConsentQuerySet":
        """Those that hold: neither withdrawn nor replaced by one to a newer version."""
        return self.filter(ended_at=None)


class Consent(models.Model):
    """A subscriber's consent to a version. Rows are added; of one that is there only its end is written, once."""

    class How(models.TextChoices):
        PORTAL = "portal", _("in the portal")
        PAPER = "paper", _("on paper")
        PHONE = "phone", _("by phone")
        OFFICE = "office", _("at the office")

    class End(models.TextChoices):
        WITHDRAWN = "withdrawn", pgettext_lazy("consent", "withdrawn")
        REPLACED = "replaced", pgettext_lazy("consent", "replaced by a newer version")
        ERASED = "erased", pgettext_lazy("consent", "the customer was erased")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="consents")
    document = models.ForeignKey(ConsentDocument, on_delete=models.PROTECT, related_name="consents")
    version = models.ForeignKey(ConsentVersion, on_delete=models.PROTECT, related_name="consents")
    how = models.CharField(_("how"), max_length=10, choices=How)
    paper = models.ForeignKey(
        SubscriberDocument, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("paper")
    )
    given_at = models.DateTimeField(_("given"))
    by_kind = models.CharField(max_length=20, blank=True)  # as in the audit log: who wrote it down
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=10, choices=End, blank=True)
    ended_how = models.CharField(max_length=10, choices=How, blank=True)
    ended_by_kind = models.CharField(max_length=20, blank=True)
    ended_by_id = models.BigIntegerField(null=True)
    ended_by_name = models.CharField(max_length=200, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        ordering = ["-given_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["subscriber", "document"],
                condition=models.Q(ended_at=None),
                name="one_standing_consent_to_a_document",
            )
        ]
        verbose_name = _("consent")
        verbose_name_plural = _("consents")

    def __str__(self) -> str:
        return f"{self.subscriber_id}: {self.document_id}"

    @property
    def is_standing(self) -> bool:
        return self.ended_at is None
