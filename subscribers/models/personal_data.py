"""What is done with all that is held on one person: files of it, and what subscribers ask for."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.models import StoredFile
from subscribers.models.portal_user import PortalUser
from subscribers.models.subscriber import Subscriber


class PersonalExport(models.Model):
    """A file with everything held on one subscriber. A task makes it; a sweep removes it after some days."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("export", "waiting")
        DONE = "done", pgettext_lazy("export", "ready")
        FAILED = "failed", pgettext_lazy("export", "failed")
        REMOVED = "removed", pgettext_lazy("export", "removed")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="personal_exports")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, null=True, related_name="+")
    size = models.PositiveBigIntegerField(default=0)  # bytes
    language = models.CharField(max_length=5, blank=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    by_id = models.BigIntegerField(null=True)  # of the staff user, who lives in the platform's schema
    by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["subscriber"], condition=models.Q(state="waiting"), name="one_personal_export_at_a_time"
            )
        ]
        verbose_name = _("export of personal data")
        verbose_name_plural = _("exports of personal data")

    def __str__(self) -> str:
        return f"{self.subscriber_id}: {self.state}"

    @property
    def is_under_way(self) -> bool:
        return self.state == self.State.WAITING

    @property
    def is_ready(self) -> bool:
        return self.state == self.State.DONE

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        return {"waiting": "azure", "done": "green", "failed": "red"}.get(self.state, "secondary")


class PersonalRequestQuerySet(models.QuerySet["PersonalRequest"]):
    def open(self) -> "PersonalRequestQuerySet":
        """Those that staff have not answered."""
        return self.filter(state=PersonalRequest.State.OPEN)


class PersonalRequest(models.Model):
    """What a subscriber asks for in the portal about the own data. Staff act and answer."""

    class Kind(models.TextChoices):
        EXPORT = "export", _("a copy of all data")
        ERASURE = "erasure", _("the erasure of all data")

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("request of personal data", "open")
        DONE = "done", pgettext_lazy("request of personal data", "done")
        REFUSED = "refused", pgettext_lazy("request of personal data", "refused")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="personal_requests")
    portal_user = models.ForeignKey(PortalUser, on_delete=models.SET_NULL, null=True, related_name="+")
    username = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    answer = models.CharField(_("answer"), max_length=300, blank=True)
    by_id = models.BigIntegerField(null=True)  # of the staff user, who lives in the platform's schema
    by_name = models.CharField(max_length=200, blank=True)

    objects = PersonalRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["subscriber", "kind"], condition=models.Q(state="open"), name="one_open_request_of_a_kind"
            )
        ]
        verbose_name = _("request about personal data")
        verbose_name_plural = _("requests about personal data")

    def __str__(self) -> str:
        return f"{self.subscriber_id}: {self.kind}"

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        return {"open": "yellow", "done": "green", "refused": "red"}.get(self.state, "secondary")
