"""When services are switched off for debt, and the records of those that were."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_time
from django.utils.formats import date_format, time_format
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from company.models import InvoiceGroup
from core.singleton import Singleton
from subscribers.models import Service, Subscriber

AHEAD = 90  # days that are looked at for an open hour; beyond is as good as never


def _working_days() -> list[int]:
    """Monday to Thursday, as date.isoweekday(): whoever is cut on a Friday waits until Monday for somebody to ask."""
    return [1, 2, 3, 4]


class SuspensionRule(models.Model):
    """When the services of an invoice group's subscribers are switched off; without a group, of all without a rule.

    Days and hours are those of the ISP's time zone. `days` after the due date a debt counts; nobody is ever cut on the
    due date itself.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    group = models.ForeignKey(
        InvoiceGroup,
        on_delete=models.CASCADE,
        null=True,
        related_name="suspension_rules",
        verbose_name=_("invoice group"),
    )
    is_on = models.BooleanField(_("suspend for debt"), default=False)
    is_automatic = models.BooleanField(
        _("by itself"),
        default=False,
        help_text=_("Without it, somebody looks at the list and confirms it each time."),
    )
    days = models.PositiveSmallIntegerField(
        _("days after the due date"), default=5, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    least_debt = models.DecimalField(
        _("smallest debt"),
        max_digits=12,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("Whoever owes less stays connected."),
    )
    weekdays = ArrayField(models.PositiveSmallIntegerField(), verbose_name=_("on these days"), default=_working_days)
    begins = models.TimeField(_("from"), default=time(9))
    ends = models.TimeField(_("until"), default=time(17))
    warn_days = models.PositiveSmallIntegerField(
        _("warn so many days before"),
        default=2,
        validators=[MaxValueValidator(60)],
        help_text=_("By e-mail. 0: no warning."),
    )

    class Meta:
        ordering = [F("group__name").asc(nulls_first=True)]
        constraints = [
            models.UniqueConstraint(fields=["group"], nulls_distinct=False, name="one_suspension_rule_of_a_group"),
            models.CheckConstraint(condition=Q(days__gte=1), name="suspension_after_the_due_date"),
            models.CheckConstraint(condition=Q(ends__gt=F("begins")), name="suspension_hours"),
        ]
        verbose_name = _("suspension rule")
        verbose_name_plural = _("suspension rules")

    def __str__(self) -> str:
        return str(self.group or gettext("All subscribers"))

    @property
    def snapshot(self) -> dict[str, Any]:
        """What the rule says now, to be kept with what it did. Loads the group."""
        return {
            "rule": self.group.name if self.group else "",
            "days": self.days,
            "least_debt": f"{self.least_debt:f}",
            "begins": self.begins.isoformat("minutes"),
            "ends": self.ends.isoformat("minutes"),
        }

    def is_open(self, local: datetime, closed: Mapping[date, str]) -> bool:
        """Whether services may be switched off at a local time; `closed` are the holidays by date."""
        is_day = local.isoweekday() in self.weekdays and local.date() not in closed
        return is_day and self.begins <= local.time() < self.ends

    def next_opening(self, local: datetime, closed: Mapping[date, str]) -> datetime | None:
        """The first local time from now on at which services may be switched off; None if there is none in sight."""
        if self.is_open(local, closed):
            return local
        for ahead in range(AHEAD):
            day = local.date() + timedelta(days=ahead)
            begins = datetime.combine(day, self.begins, tzinfo=local.tzinfo)
            if begins >= local and day.isoweekday() in self.weekdays and day not in closed:
                return begins
        return None


class SuspensionSettings(Singleton):
    """What holds for all suspensions of an ISP, and what its subscribers may do against one by themselves."""

    most_per_cent = models.PositiveSmallIntegerField(
        _("stop a run that would cut more than (per cent)"),
        default=15,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("Of the active services. Then nothing is cut until somebody has looked at the list."),
    )
    keeps_public_holidays = models.BooleanField(_("not on the country's public holidays"), default=True)
    promises = models.BooleanField(_("subscribers may promise to pay"), default=False)
    promise_days = models.PositiveSmallIntegerField(
        _("for at most (days)"), default=3, validators=[MinValueValidator(1), MaxValueValidator(31)]
    )
    promise_most = models.DecimalField(
        _("up to a debt of"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("Empty: any debt."),
    )
    instalments = models.BooleanField(_("subscribers may ask for instalments"), default=False)
    instalments_at_once = models.BooleanField(
        _("agreed on at once"),
        default=False,
        help_text=_("Without it, somebody of your staff agrees to each plan."),
    )
    instalments_most = models.PositiveSmallIntegerField(
        _("in at most (parts)"), default=3, validators=[MinValueValidator(2), MaxValueValidator(12)]
    )

    class Meta(Singleton.Meta):
        verbose_name = _("suspension settings")


class Holiday(models.Model):
    """A day on which nobody is cut off."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    on = models.DateField(_("day"), unique=True)
    name = models.CharField(_("name"), max_length=80, blank=True)

    class Meta:
        ordering = ["on"]
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")

    def __str__(self) -> str:
        return f"{self.on}: {self.name}"


class SuspensionRunQuerySet(models.QuerySet["SuspensionRun"]):
    def held(self) -> "SuspensionRunQuerySet":
        """Those that stopped by themselves, since they would cut too many, and that nobody has looked at."""
        return self.filter(is_too_many=True, state=SuspensionRun.State.DRAFT)


class SuspensionRun(models.Model):
    """One time of switching off by a rule: first the list of those whom it would meet, then the work.

    What was shown is what is done: the list is frozen in `PlannedCut`, and each row is looked at again before its cut.
    """

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("suspension run", "to be confirmed")
        WAITING = "waiting", pgettext_lazy("suspension run", "waits for its hour")
        RUNNING = "running", pgettext_lazy("suspension run", "under way")
        DONE = "done", pgettext_lazy("suspension run", "done")
        STOPPED = "stopped", pgettext_lazy("suspension run", "discarded")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    rule = models.ForeignKey(SuspensionRule, on_delete=models.SET_NULL, null=True, related_name="runs")
    title = models.CharField(max_length=80, blank=True)  # of the rule, which may go
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    # The ISP's day of a run that began by itself: there is one a day for each rule.
    automatic_on = models.DateField(null=True)
    planned_at = models.DateTimeField(_("planned"))
    begins_at = models.DateTimeField(_("begins"), null=True)
    ended_at = models.DateTimeField(null=True)
    is_too_many = models.BooleanField(default=False, db_default=False)  # it stopped by itself: look at it first
    by_kind = models.CharField(max_length=20, blank=True)  # as in the audit log: who planned or confirmed it
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)

    objects = SuspensionRunQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["state", "begins_at"], name="suspension_run_state")]
        constraints = [models.UniqueConstraint(fields=["rule", "automatic_on"], name="one_automatic_run_a_day")]
        verbose_name = _("suspension run")
        verbose_name_plural = _("suspension runs")

    def __str__(self) -> str:
        return f"{self.title} {self.planned_at:%Y-%m-%d}"

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        return {"draft": "yellow", "waiting": "azure", "running": "azure", "done": "green"}.get(self.state, "secondary")


class PlannedCut(models.Model):
    """One subscriber on the list of a run: what is owed, what holds the cut back, and what became of it."""

    class Outcome(models.TextChoices):
        CUT = "cut", pgettext_lazy("planned cut", "switched off")
        PAID = "paid", pgettext_lazy("planned cut", "not due any more")
        HELD = "held", pgettext_lazy("planned cut", "held back")
        EXCLUDED = "excluded", pgettext_lazy("planned cut", "left out by hand")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    run = models.ForeignKey(SuspensionRun, on_delete=models.CASCADE, related_name="cuts")
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="planned_cuts")
    owed = models.DecimalField(_("overdue"), max_digits=14, decimal_places=2)
    since = models.DateField(_("due since"), null=True)
    services = models.PositiveSmallIntegerField(_("services"), default=1)
    hold = models.CharField(_("held back by"), max_length=40, blank=True)  # a name in billing.holds
    excluded_because = models.CharField(_("reason"), max_length=200, blank=True)
    excluded_by = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(_("what became of it"), max_length=10, choices=Outcome, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["run"], condition=Q(outcome=""), name="planned_cut_to_do")]
        constraints = [models.UniqueConstraint(fields=["run", "subscriber"], name="one_planned_cut_in_a_run")]
        verbose_name = _("planned cut")
        verbose_name_plural = _("planned cuts")

    def __str__(self) -> str:
        return f"{self.run_id}: {self.subscriber_id}"


class SuspensionQuerySet(models.QuerySet["Suspension"]):
    def running(self) -> "SuspensionQuerySet":
        """Those that have not ended."""
        return self.filter(ended_at=None)


class Suspension(models.Model):
    """The record of a service that was switched off for debt: the rule, the invoices and the hour that caused it.

    `debts` holds what was owed then: number and kind of document, due date and amount, the oldest first.
    """

    class End(models.TextChoices):
        PAID = "paid", pgettext_lazy("suspension", "paid")
        PROMISE = "promise", pgettext_lazy("suspension", "promise to pay")
        INSTALMENTS = "instalments", pgettext_lazy("suspension", "payment in instalments")
        GRACE = "grace", pgettext_lazy("suspension", "time given for a reported payment")
        EXCEPTION = "exception", pgettext_lazy("suspension", "exception")
        BY_HAND = "by_hand", pgettext_lazy("suspension", "resumed by hand")
        SERVICE_ENDED = "service_ended", pgettext_lazy("suspension", "the service ended")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="suspensions")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="suspensions")
    rule = models.ForeignKey(SuspensionRule, on_delete=models.SET_NULL, null=True, related_name="suspensions")
    run = models.ForeignKey(SuspensionRun, on_delete=models.SET_NULL, null=True, related_name="suspensions")
    snapshot = models.JSONField(_("rule"), default=dict)  # of the rule, as it was
    debts = models.JSONField(_("debts"), default=list)
    owed = models.DecimalField(_("overdue"), max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    planned_at = models.DateTimeField(_("planned"))
    at = models.DateTimeField(_("switched off"))
    by_kind = models.CharField(max_length=20, blank=True)  # as in the audit log
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(_("switched on again"), null=True)
    ended_why = models.CharField(_("because of"), max_length=20, choices=End, blank=True)
    # The grace whose end brings the suspension back.
    grace = models.ForeignKey("Grace", on_delete=models.SET_NULL, null=True, related_name="lifted")

    objects = SuspensionQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["subscriber", "-at"], name="suspensions_of_subscriber")]
        constraints = [
            models.UniqueConstraint(
                fields=["service"], condition=Q(ended_at=None), name="one_running_suspension_of_a_service"
            )
        ]
        verbose_name = _("suspension")
        verbose_name_plural = _("suspensions")

    def __str__(self) -> str:
        return f"{self.service_id}: {self.at:%Y-%m-%d}"

    @property
    def is_running(self) -> bool:
        return self.ended_at is None

    @property
    def rule_text(self) -> str:
        """The rule as it was, in words."""
        days = int(self.snapshot.get("days", 0))
        hours = [parse_time(str(self.snapshot.get(name, ""))) for name in ("begins", "ends")]
        text = ngettext(
            "What is not paid %(days)d day after its due date switches the service off.",
            "What is not paid %(days)d days after its due date switches the service off.",
            days,
        ) % {"days": days}
        if not all(hours):
            return text
        said = {"begins": time_format(hours[0], "TIME_FORMAT"), "ends": time_format(hours[1], "TIME_FORMAT")}
        # English hours end with a full stop of their own.
        return f"{text} " + (gettext("This happens from %(begins)s to %(ends)s.") % said).replace("..", ".")

    @property
    def moment(self) -> str:
        """The hour of the cut, in words and in the current time zone."""
        return date_format(timezone.localtime(self.at), "DATETIME_FORMAT")

    @property
    def causes(self) -> list[dict[str, Any]]:
        """The debts with their dates and amounts as such."""
        return [
            {
                "number": row.get("number", ""),
                "title": row.get("number") or KIND_NAMES.get(row.get("kind", ""), ""),
                "due_on": parse_date(str(row.get("due_on", ""))),
                "amount": Decimal(str(row.get("amount", 0))),
            }
            for row in self.debts
            if isinstance(row, dict)
        ]


# What a debt is called that has no number of its own.
KIND_NAMES: Mapping[str, LazyText | str] = {
    "carried_over": _("balance carried over"),
    "taken_back": _("payment taken back"),
    "refund": _("paid back"),
    "correction": _("correction"),
}
