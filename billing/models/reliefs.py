"""What keeps a service on although something is owed: exceptions, promises, instalments, time given for a report."""

import uuid
from datetime import date
from decimal import Decimal

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.models.ledger import LedgerEntry
from subscribers.models import Service, Subscriber


class SuspensionExceptionQuerySet(models.QuerySet["SuspensionException"]):
    def standing(self, *, on: date) -> "SuspensionExceptionQuerySet":
        """Those that hold on a date of the ISP."""
        return self.filter(Q(until=None) | Q(until__gte=on), ended_at=None)


class SuspensionException(models.Model):
    """A subscriber who is not switched off, whatever is owed: a hospital, a dispute."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="suspension_exceptions")
    reason = models.CharField(_("reason"), max_length=200)
    until = models.DateField(_("until"), null=True, blank=True, help_text=_("Empty: until somebody ends it."))
    at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    by_kind = models.CharField(max_length=20, blank=True)  # as in the audit log
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)

    objects = SuspensionExceptionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("exception from suspension")
        verbose_name_plural = _("exceptions from suspension")

    def __str__(self) -> str:
        return self.reason


class PromiseQuerySet(models.QuerySet["Promise"]):
    def standing(self, *, on: date) -> "PromiseQuerySet":
        """Those whose day has not passed on a date of the ISP."""
        return self.filter(until__gte=on, ended_at=None)


class Promise(models.Model):
    """A subscriber's word to pay until a day, the last one included. There is one in a period, a calendar month."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="promises")
    period = models.DateField()  # the first day of the month in which it was given
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    until = models.DateField(_("pays until"))
    at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)  # withdrawn by staff
    by_kind = models.CharField(max_length=20, blank=True)  # as in the audit log: the subscriber, or staff
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)

    objects = PromiseQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["subscriber", "period"], name="one_promise_in_a_period"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="promise_of_something"),
        ]
        verbose_name = _("promise to pay")
        verbose_name_plural = _("promises to pay")

    def __str__(self) -> str:
        return f"{self.subscriber_id}: {self.amount}, {self.until}"


class InstalmentPlanQuerySet(models.QuerySet["InstalmentPlan"]):
    def running(self) -> "InstalmentPlanQuerySet":
        """Those that were agreed on and have not ended."""
        return self.filter(state=InstalmentPlan.State.RUNNING)

    def with_sums(self, *, on: date) -> "InstalmentPlanQuerySet":
        """With `left`, what of the debts that they cover is open, and `called`, what should have been paid before a
        date of the ISP."""
        debts = LedgerEntry.objects.filter(
            subscriber=OuterRef("subscriber"), open__gt=0, due_on__lte=OuterRef("covers")
        )
        parts = Instalment.objects.filter(plan=OuterRef("pk"), due_on__lt=on)
        left = debts.order_by().values("subscriber").annotate(sum=Sum("open")).values("sum")
        called = parts.order_by().values("plan").annotate(sum=Sum("amount")).values("sum")
        return self.annotate(
            left=Coalesce(Subquery(left), Decimal(0), output_field=models.DecimalField()),
            called=Coalesce(Subquery(called), Decimal(0), output_field=models.DecimalField()),
        )

    def kept(self, *, on: date) -> "InstalmentPlanQuerySet":
        """The running ones of which all parts are paid that were due before a date of the ISP."""
        return self.running().with_sums(on=on).filter(called__lte=F("total") - F("left"))

    def broken(self, *, on: date) -> "InstalmentPlanQuerySet":
        """The running ones of which a part is missing."""
        return self.running().with_sums(on=on).filter(called__gt=F("total") - F("left"))


class InstalmentPlan(models.Model):
    """A debt that is paid in parts. While each part is paid by its day the services stay on; one that is not ends it.

    It covers what was due until the day `covers`; `total` is what of that was open when the plan was made.
    """

    class State(models.TextChoices):
        ASKED = "asked", pgettext_lazy("instalment plan", "asked for")
        RUNNING = "running", pgettext_lazy("instalment plan", "running")
        PAID = "paid", pgettext_lazy("instalment plan", "paid")
        BROKEN = "broken", pgettext_lazy("instalment plan", "broken")
        ENDED = "ended", pgettext_lazy("instalment plan", "ended by hand")
        REFUSED = "refused", pgettext_lazy("instalment plan", "refused")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="instalment_plans")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ASKED)
    covers = models.DateField()
    total = models.DecimalField(_("total"), max_digits=14, decimal_places=2)
    note = models.CharField(_("note"), max_length=200, blank=True)
    at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    by_kind = models.CharField(max_length=20, blank=True)  # as in the audit log: who asked for it
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)

    objects = InstalmentPlanQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["subscriber"], condition=Q(state__in=["asked", "running"]), name="one_open_instalment_plan"
            ),
            models.CheckConstraint(condition=Q(total__gt=0), name="instalments_of_something"),
        ]
        verbose_name = _("instalment plan")
        verbose_name_plural = _("instalment plans")

    def __str__(self) -> str:
        return f"{self.subscriber_id}: {self.total}"

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.ASKED, self.State.RUNNING)

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        return {"asked": "yellow", "running": "azure", "paid": "green", "broken": "red"}.get(self.state, "secondary")


class Instalment(models.Model):
    """One part of a plan."""

    plan = models.ForeignKey(InstalmentPlan, on_delete=models.CASCADE, related_name="parts")
    due_on = models.DateField(_("due"))
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)

    class Meta:
        ordering = ["plan", "due_on"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "due_on"], name="one_instalment_on_a_day"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="instalment_of_something"),
        ]
        verbose_name = _("instalment")
        verbose_name_plural = _("instalments")

    def __str__(self) -> str:
        return f"{self.due_on}: {self.amount}"


class GraceQuerySet(models.QuerySet["Grace"]):
    def standing(self, *, on: date) -> "GraceQuerySet":
        """Those that hold on a date of the ISP."""
        return self.filter(until__gte=on, ended_at=None)

    def for_all(self) -> "GraceQuerySet":
        """Those that are for all services of their subscribers."""
        return self.filter(service=None)

    def named(self, key: str) -> "GraceQuerySet":
        """Those of a key, and those that it was divided into: one for each service."""
        return self.filter(Q(key=key) | Q(key__startswith=f"{key}:"))


class Grace(models.Model):
    """Time that somebody is given, until a day, the last one included. `key` names what it was given for.

    It is for one service, or without one for all that the subscriber has.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="graces")
    service = models.ForeignKey(
        Service, on_delete=models.CASCADE, null=True, related_name="graces", verbose_name=_("service")
    )
    key = models.CharField(max_length=120, unique=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    until = models.DateField(_("until"))
    at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(_("because of"), max_length=200, blank=True)
    by_kind = models.CharField(max_length=20, blank=True)  # as in the audit log
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)

    objects = GraceQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("time given to pay")
        verbose_name_plural = _("times given to pay")

    def __str__(self) -> str:
        return f"{self.subscriber_id}: {self.until}"
