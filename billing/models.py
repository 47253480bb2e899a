"""What subscribers owe: entries that are only ever added, and their sum."""

import uuid
from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from subscribers.models import Subscriber


class LedgerEntry(models.Model):
    """One change of what a subscriber owes, in the ISP's currency. It stays as it is; a mistake is countered."""

    class Kind(models.TextChoices):
        CARRIED_OVER = "carried_over", _("carried over")
        CORRECTION = "correction", _("correction")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="ledger")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)  # more than zero: the subscriber owes it
    on = models.DateField(_("date"))  # the ISP's
    text = models.CharField(_("reason"), max_length=300, blank=True)
    by_kind = models.CharField(max_length=20, blank=True)  # as in the audit log
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-on", "-pk"]
        indexes = [models.Index(fields=["subscriber", "-on", "-id"], name="ledger_of_subscriber")]
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.amount}"


class AccountQuerySet(models.QuerySet["Account"]):
    def owing(self) -> "AccountQuerySet":
        """Those with a debt."""
        return self.filter(balance__gt=0)


class Account(models.Model):
    """The sum of a subscriber's ledger, kept beside it so that lists can be sorted and filtered by it.

    Written by `billing.services` alone, in the transaction that adds the entry. Who has no entry has no account.
    """

    subscriber = models.OneToOneField(Subscriber, on_delete=models.CASCADE, primary_key=True, related_name="account")
    balance = models.DecimalField(_("balance"), max_digits=14, decimal_places=2, default=0)  # > 0: owed by them

    objects = AccountQuerySet.as_manager()

    class Meta:
        # The key too: very many have the same balance, nothing.
        indexes = [models.Index(fields=["balance", "subscriber"], name="account_by_balance")]
        verbose_name = _("account")
        verbose_name_plural = _("accounts")

    def __str__(self) -> str:
        return str(self.balance)

    @property
    def in_favour(self) -> Decimal:
        """What the subscriber has paid too much; nothing while they owe."""
        return max(-self.balance, Decimal(0))
