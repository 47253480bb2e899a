"""Tables that exist in the platform's schema and in each ISP's: the audit log and the files."""

import uuid

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.search import ActorWords


class AuditEntry(models.Model):
    """Who did what and when. Rows are added and never changed."""

    at = models.DateTimeField(_("time"), auto_now_add=True, db_index=True)
    verb = models.CharField(_("act"), max_length=80)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(_("who"), max_length=200)
    target_type = models.CharField(max_length=80)
    target_id = models.CharField(max_length=80)
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["target_type", "target_id"]),
            GinIndex(ActorWords(), name="audit_actor_words"),
        ]

    def __str__(self) -> str:
        return self.verb


class StoredFile(models.Model):
    """A file under MEDIA_ROOT at `<isp uuid or platform>/<random>`; its own name is only shown."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    path = models.CharField(max_length=100, unique=True)
    name = models.CharField(_("file name"), max_length=120)
    content_type = models.CharField(max_length=60)
    size = models.PositiveBigIntegerField()  # bytes
    sha256 = models.CharField(max_length=64, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        return self.content_type.startswith("image/")

    @property
    def absolute_path(self) -> str:
        return str(settings.MEDIA_ROOT / self.path)


class OutgoingMail(models.Model):
    """A mail written in the same transaction as its cause and sent afterwards. Made concrete by other apps."""

    keeps_text = True  # False: what was sent is erased, since it carries links that let somebody in

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed")
        STOPPED = "stopped", _("stopped")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    to = models.EmailField()
    from_name = models.CharField(max_length=120, blank=True)
    reply_to = models.EmailField(blank=True)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(auto_now_add=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "due_at"])]

    def __str__(self) -> str:
        return self.subject

    @property
    def is_erased_once_sent(self) -> bool:
        """Whether its text goes once the mail server has it."""
        return not self.keeps_text


class Token(models.Model):
    """A secret that was handed out once and is kept hashed. Concrete where its owner lives."""

    digest = models.CharField(max_length=64, unique=True)
    purpose = models.CharField(max_length=30)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
