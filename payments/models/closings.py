"""The end of a day at the cash desk."""

import uuid
from decimal import Decimal

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.utils.translation import gettext_lazy as _

from payments.models.methods import PaymentMethod


class CashClosing(models.Model):
    """What one clerk counted at the end of a day of the ISP, against what they had registered. It stays as it is.

    A day is that of registering, not the one that stands on a payment: so a closed day takes nothing more, and what was
    paid last week can still be registered today.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    clerk_id = models.BigIntegerField()  # of the staff user, who lives in the platform's schema
    clerk_name = models.CharField(_("clerk"), max_length=200)
    on = models.DateField(_("day"))
    currency = models.CharField(max_length=3)
    registered = models.DecimalField(_("registered"), max_digits=14, decimal_places=2)
    counted = models.DecimalField(_("counted"), max_digits=14, decimal_places=2)
    reason = models.CharField(_("reason of the difference"), max_length=300, blank=True)
    by_kind = models.CharField(max_length=20, blank=True)  # as in the audit log
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-on", "-pk"]
        constraints = [models.UniqueConstraint(fields=["clerk_id", "on"], name="one_closing_of_a_day")]
        verbose_name = _("closing of a cash desk")
        verbose_name_plural = _("closings of cash desks")

    def __str__(self) -> str:
        return f"{self.clerk_name} {self.on}"

    @property
    def difference(self) -> Decimal:
        """More than zero: there was more than had been registered."""
        return self.counted - self.registered


class CashClosingLine(models.Model):
    """One payment method of a closing. `paid_back` went out again that day, and is taken off in `registered`."""

    closing = models.ForeignKey(CashClosing, on_delete=models.CASCADE, related_name="lines")
    method = models.ForeignKey(PaymentMethod, on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(_("payment method"), max_length=120)
    payments = models.PositiveIntegerField(_("payments"))
    paid_back = models.DecimalField(_("paid back"), max_digits=14, decimal_places=2)
    registered = models.DecimalField(_("registered"), max_digits=14, decimal_places=2)
    counted = models.DecimalField(_("counted"), max_digits=14, decimal_places=2)

    class Meta:
        ordering = ["closing", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["closing", "method"], nulls_distinct=False, name="one_line_of_a_method_in_a_closing"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def difference(self) -> Decimal:
        return self.counted - self.registered
