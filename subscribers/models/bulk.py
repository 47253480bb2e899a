"""Work on many subscribers at once."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from subscribers.models.subscriber import Subscriber, SubscriberQuerySet


class BulkRun(models.Model):
    """One act on a fixed set of subscribers, done in parts. How far it is and what it did change in one transaction."""

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("bulk run", "not confirmed")
        WAITING = "waiting", pgettext_lazy("bulk run", "waiting")
        RUNNING = "running", pgettext_lazy("bulk run", "under way")
        DONE = "done", pgettext_lazy("bulk run", "done")
        STOPPED = "stopped", pgettext_lazy("bulk run", "stopped")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    action = models.CharField(max_length=40)  # a name in dashboard.bulk
    parameters = models.JSONField(default=dict)
    # Frozen when the page that asks for confirmation was opened: what was shown is what is done.
    ids = ArrayField(models.BigIntegerField())
    total = models.PositiveIntegerField(default=0)
    position = models.PositiveIntegerField(default=0)  # how many of `ids` have been looked at
    changed = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    by_id = models.BigIntegerField()  # of the staff user, who lives in the platform's schema
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(auto_now=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["state", "touched_at"], name="bulk_run_state")]
        verbose_name = _("bulk run")
        verbose_name_plural = _("bulk runs")

    def __str__(self) -> str:
        return f"{self.action} ({self.total})"

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)

    @property
    def left_out_count(self) -> int:
        """How many were looked at and not changed."""
        return self.position - self.changed

    @property
    def remaining(self) -> int:
        """How many have not been looked at."""
        return self.total - self.position

    @property
    def percent(self) -> int:
        return 100 * self.position // self.total if self.total else 100

    def subscribers(self) -> SubscriberQuerySet:
        """Those whom it is about and who are still there."""
        ids = BulkRun.objects.filter(pk=self.pk).values(each=models.Func("ids", function="unnest"))
        return Subscriber.objects.filter(pk__in=ids)


class BulkLeftOut(models.Model):
    """A subscriber whom a run did not change, and why."""

    run = models.ForeignKey(BulkRun, on_delete=models.CASCADE, related_name="left_out")
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=40)  # of the action

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.subscriber_id}: {self.reason}"
