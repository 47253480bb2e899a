"""Mails about what is due, and which of them have been sent."""

import uuid

from django.contrib.postgres.functions import RandomUUID
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from billing.models.ledger import LedgerEntry
from billing.models.suspension import SuspensionRule
from subscribers.models import Subscriber


class ReminderRule(models.Model):
    """A mail so many days after the due date of an invoice, or before it if `days` is below zero."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    days = models.SmallIntegerField(_("days"), unique=True, validators=[MinValueValidator(-30), MaxValueValidator(90)])
    is_on = models.BooleanField(_("is sent"), default=True)

    class Meta:
        ordering = ["days"]
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")

    def __str__(self) -> str:
        if not self.days:
            return gettext("On the due date")
        count = abs(self.days)
        if self.days < 0:
            text = ngettext("%(count)d day before the due date", "%(count)d days before the due date", count)
        else:
            text = ngettext("%(count)d day after the due date", "%(count)d days after the due date", count)
        return text % {"count": count}


class SentNotice(models.Model):
    """That a subscriber was told of a debt by a rule: once, whatever happens in between."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="sent_notices")
    entry = models.ForeignKey(LedgerEntry, on_delete=models.CASCADE, related_name="notices")
    reminder = models.ForeignKey(ReminderRule, on_delete=models.CASCADE, null=True, related_name="sent")
    warning = models.ForeignKey(SuspensionRule, on_delete=models.CASCADE, null=True, related_name="sent")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "reminder"], name="one_reminder_for_an_entry"),
            models.UniqueConstraint(fields=["entry", "warning"], name="one_warning_for_an_entry"),
            models.CheckConstraint(
                condition=Q(reminder=None, warning__isnull=False) | Q(reminder__isnull=False, warning=None),
                name="notice_by_one_rule",
            ),
        ]
        verbose_name = _("sent notice")
        verbose_name_plural = _("sent notices")

    def __str__(self) -> str:
        return f"{self.entry_id}: {self.reminder_id or self.warning_id}"
