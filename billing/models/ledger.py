"""What subscribers owe: entries that are only ever added, and their sum."""

import uuid
from datetime import date
from decimal import Decimal

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from subscribers.models import Subscriber


class LedgerEntryQuerySet(models.QuerySet["LedgerEntry"]):
    def debts(self) -> "LedgerEntryQuerySet":
        """Those of which something is still to be paid, what is due first on top."""
        return self.filter(open__gt=0).order_by("due_on", "pk")

    def credits(self) -> "LedgerEntryQuerySet":
        """Those in the subscriber's favour of which something is left, the oldest on top."""
        return self.filter(open__lt=0).order_by("on", "pk")

    def overdue(self, *, on: date) -> "LedgerEntryQuerySet":
        """Debts that should have been paid before a date of the ISP."""
        return self.debts().filter(due_on__lt=on)


class LedgerEntry(models.Model):
    """One change of what a subscriber owes, in the ISP's currency. It stays as it is; a mistake is countered.

    `open` alone moves: what of the entry is not settled yet by entries of the other sign, see `Allocation`. The sum of
    what is open is the balance, as is the sum of the amounts.
    """

    class Kind(models.TextChoices):
        CARRIED_OVER = "carried_over", _("carried over")
        INVOICE = "invoice", _("invoice")
        CREDIT_NOTE = "credit_note", _("credit note")
        PAYMENT = "payment", _("payment")
        TAKEN_BACK = "taken_back", _("payment taken back")
        REFUND = "refund", _("paid back")
        WRITE_OFF = "write_off", _("written off")
        CORRECTION = "correction", _("correction")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="ledger")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)  # more than zero: the subscriber owes it
    open = models.DecimalField(_("open"), max_digits=14, decimal_places=2, default=0, db_default=0)
    on = models.DateField(_("date"))  # the ISP's
    due_on = models.DateField(_("due"), null=True, blank=True)  # of a debt
    text = models.CharField(_("reason"), max_length=300, blank=True)
    by_kind = models.CharField(max_length=20, blank=True)  # as in the audit log
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    objects = LedgerEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-on", "-pk"]
        indexes = [
            models.Index(fields=["subscriber", "-on", "-id"], name="ledger_of_subscriber"),
            models.Index(fields=["due_on", "subscriber"], condition=Q(open__gt=0), name="ledger_debts"),
            models.Index(fields=["subscriber"], condition=~Q(open=0), name="ledger_open"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(open=0)
                | Q(amount__gt=0, open__gt=0, open__lte=F("amount"))
                | Q(amount__lt=0, open__lt=0, open__gte=F("amount")),
                name="ledger_open_is_a_part",
            )
        ]
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.amount}"

    @property
    def is_settled(self) -> bool:
        """Whether nothing of it is open any more."""
        return not self.open


class Allocation(models.Model):
    """What of a credit settles what of a debt of the same subscriber. It goes when the credit is taken back."""

    debit = models.ForeignKey(LedgerEntry, on_delete=models.CASCADE, related_name="settled_by")
    credit = models.ForeignKey(LedgerEntry, on_delete=models.CASCADE, related_name="spent_on")
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="allocation_of_something")]
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")

    def __str__(self) -> str:
        return f"{self.credit_id} → {self.debit_id}: {self.amount}"


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
