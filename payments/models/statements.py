"""Statements of the ISP's bank accounts: files, movements, and which payments of subscribers they became."""

import uuid
from decimal import Decimal
from typing import Any

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models import StoredFile
from payments.models.methods import PaymentMethod
from payments.models.payments import Payment
from subscribers.models import Subscriber

MONEY: dict[str, Any] = {"max_digits": 14, "decimal_places": 2}


class BankAccount(models.Model):
    """An account of the ISP of which it brings statements."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    name = models.CharField(_("name"), max_length=80)
    number = models.CharField(_("account number"), max_length=60, unique=True)  # as `account_key` writes it
    aliases = models.JSONField(default=list)  # other ways in which files write the number
    currency = models.CharField(_("currency"), max_length=3)
    method = models.ForeignKey(
        PaymentMethod,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("payment method"),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("bank account")
        verbose_name_plural = _("bank accounts")

    def __str__(self) -> str:
        return self.name


class TableLayout(models.Model):
    """How the tables of one account are laid out, known again by their titles."""

    account = models.ForeignKey(BankAccount, on_delete=models.CASCADE, related_name="layouts")
    titles = models.CharField(max_length=64)  # SHA-256 of the titles, folded
    mapping = models.JSONField(default=dict)  # the fields of payments.statements.tables.Mapping
    used_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-used_at"]
        constraints = [models.UniqueConstraint(fields=["account", "titles"], name="one_layout_of_titles")]
        verbose_name = _("layout of a bank's tables")
        verbose_name_plural = _("layouts of banks' tables")

    def __str__(self) -> str:
        return str(self.account)


class StatementQuerySet(models.QuerySet["Statement"]):
    def at_work(self) -> "StatementQuerySet":
        """Those that a task works on, or should."""
        return self.filter(state__in=Statement.WORKING)

    def taken(self) -> "StatementQuerySet":
        """Those whose movements are in the inbox."""
        return self.filter(state__in=[Statement.State.MATCHING, Statement.State.DONE])


class Statement(models.Model):
    """A file of a bank. Its movements are stored together, once the whole of it was found good."""

    class State(models.TextChoices):
        READING = "reading", _("being read")
        OPEN = "open", _("waiting for you")
        LOADING = "loading", _("being taken in")
        MATCHING = "matching", _("being compared")
        DONE = "done", _("taken in")
        REFUSED = "refused", _("not taken")

    class Format(models.TextChoices):
        TABLE = "table", _("table")
        MT940 = "mt940", "MT940"
        CAMT = "camt", "CAMT"

    WORKING = (State.READING, State.LOADING, State.MATCHING)

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.READING)
    format = models.CharField(_("format"), max_length=5, choices=Format)
    file = models.ForeignKey(StoredFile, on_delete=models.SET_NULL, null=True, related_name="+")
    file_name = models.CharField(_("file"), max_length=120)
    sha256 = models.CharField(max_length=64)  # SHA-256 of the file, to know it again
    account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, null=True, related_name="statements")
    found_account = models.CharField(max_length=60, blank=True)  # as the file names it
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    begins = models.DateField(_("from"), null=True)
    ends = models.DateField(_("to"), null=True)
    opening = models.DecimalField(_("balance before"), null=True, **MONEY)
    closing = models.DecimalField(_("balance after"), null=True, **MONEY)
    total = models.PositiveIntegerField(default=0)  # movements in the file
    position = models.PositiveIntegerField(default=0)  # how many of them the current state is done with
    counts = models.JSONField(default=dict)  # {"new", "known", "doubles", "passed_over"}
    table = models.JSONField(default=dict)  # of a table: kind, titles, columns with samples
    mapping = models.JSONField(default=dict)  # see TableLayout
    trouble = models.JSONField(default=dict)  # why it was not taken; see payments.statements.refusals
    by_id = models.BigIntegerField(null=True)  # of the staff user, who lives in the platform's schema
    by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)

    objects = StatementQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["sha256"], condition=~Q(state="refused"), name="one_statement_of_a_file")
        ]
        verbose_name = _("statement")
        verbose_name_plural = _("statements")

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_working(self) -> bool:
        return self.state in self.WORKING

    @property
    def is_table(self) -> bool:
        return self.format == self.Format.TABLE

    @property
    def percent(self) -> int:
        """How much of the current state's work is done."""
        return min(100, self.position * 100 // self.total) if self.total else 0

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        return {"done": "green", "refused": "red", "open": "orange"}.get(self.state, "azure")

    @property
    def shown_by(self) -> str:
        """Who brought the file: the name without the address that the audit log adds."""
        return self.by_name.partition(" <")[0]


class BankLineQuerySet(models.QuerySet["BankLine"]):
    def to_do(self) -> "BankLineQuerySet":
        """Money that came in and of which nobody has said yet whose it is."""
        return self.filter(state=BankLine.State.OPEN)

    def certain(self) -> "BankLineQuerySet":
        """Those of which number and amount are right, and that are nobody else's."""
        return self.to_do().filter(level=BankLine.Level.CERTAIN, double_of=None)


class BankLine(models.Model):
    """One movement on an account. It is there once, however many files it stands in."""

    class State(models.TextChoices):
        OPEN = "open", _("to be assigned")
        WANTED = "wanted", _("being booked")
        BOOKED = "booked", _("booked")
        OTHER = "other", _("no customer's payment")
        DOUBLE = "double", _("the same as another line")
        OUT = "out", _("money out")

    class Level(models.TextChoices):
        CERTAIN = "certain", _("certain")
        LIKELY = "likely", _("likely")
        WEAK = "weak", _("perhaps")
        NONE = "none", _("unknown")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="lines")
    statement = models.ForeignKey(
        Statement, on_delete=models.PROTECT, related_name="first_lines"
    )  # where it came first
    number = models.PositiveIntegerField()  # in that file, from 1
    booked_on = models.DateField(_("date"))
    value_on = models.DateField(_("value date"), null=True)
    amount = models.DecimalField(_("amount"), **MONEY)  # more than zero: money came in
    currency = models.CharField(_("currency"), max_length=3)
    name = models.CharField(_("payer"), max_length=140, blank=True)
    payer_account = models.CharField(_("account of the payer"), max_length=60, blank=True)
    reference = models.CharField(_("reference"), max_length=60, blank=True)
    text = models.CharField(_("text"), max_length=1000, blank=True)
    bank_id = models.CharField(_("number of the bank"), max_length=60, blank=True)
    # All that the bank said of it, and which one it is of those that are the same in one file.
    fingerprint = models.CharField(max_length=64)
    occurrence = models.PositiveIntegerField(default=1)
    state = models.CharField(_("state"), max_length=6, choices=State, default=State.OPEN)
    booked = models.DecimalField(_("booked"), default=0, **MONEY)  # sum of its matches that stand
    double_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")  # probably
    # What the last comparison found: see payments.services.matching.
    level = models.CharField(max_length=7, choices=Level, default=Level.NONE)
    suggestions = models.JSONField(default=list)
    matched_at = models.DateTimeField(null=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    decided_by_id = models.BigIntegerField(null=True)
    decided_by_name = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True)

    objects = BankLineQuerySet.as_manager()

    class Meta:
        ordering = ["-booked_on", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["account", "fingerprint", "occurrence"], name="one_line_of_a_movement"),
            models.CheckConstraint(
                condition=Q(booked__gte=0) & (Q(booked=0) | Q(booked__lte=models.F("amount"))), name="booked_in_bounds"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-booked_on", "-id"], name="bank_line_by_state"),
            models.Index(fields=["account", "booked_on", "amount"], name="bank_line_by_day"),
            models.Index(fields=["payer_account"], name="bank_line_by_payer", condition=~Q(payer_account="")),
        ]
        verbose_name = _("bank line")
        verbose_name_plural = _("bank lines")

    def __str__(self) -> str:
        return f"{self.booked_on}: {self.amount} {self.currency}"

    @property
    def left(self) -> Decimal:
        """What of it is not booked yet."""
        return self.amount - self.booked

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def best(self) -> dict[str, Any]:
        """The suggestion with the highest score, as it is kept."""
        return self.suggestions[0] if self.suggestions else {}

    @property
    def best_subscriber(self) -> int:
        """The key of the customer whom the best suggestion names; 0 for none."""
        return int(self.best.get("subscriber", 0))

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        return {"booked": "green", "open": "orange", "wanted": "azure"}.get(self.state, "secondary")

    @property
    def level_colour(self) -> str:
        return {"certain": "green", "likely": "azure", "weak": "yellow"}.get(self.level, "secondary")

    @property
    def shown_decided_by(self) -> str:
        return self.decided_by_name.partition(" <")[0]


class Appearance(models.Model):
    """That a movement stands in a file, so that a statement adds up also where its lines were there before."""

    statement = models.ForeignKey(Statement, on_delete=models.CASCADE, related_name="appearances")
    line = models.ForeignKey(BankLine, on_delete=models.CASCADE, related_name="appearances")
    number = models.PositiveIntegerField()

    class Meta:
        ordering = ["statement", "number"]
        constraints = [models.UniqueConstraint(fields=["statement", "number"], name="one_appearance_of_a_number")]
        verbose_name = _("place of a bank line in a file")
        verbose_name_plural = _("places of bank lines in files")

    def __str__(self) -> str:
        return f"{self.statement_id}: {self.number}"


class MatchQuerySet(models.QuerySet["Match"]):
    def standing(self) -> "MatchQuerySet":
        """Those that nobody has undone."""
        return self.filter(undone_at=None)


class Match(models.Model):
    """That a movement, or a part of it, is a subscriber's payment."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    line = models.ForeignKey(BankLine, on_delete=models.PROTECT, related_name="matches")
    part = models.PositiveIntegerField()  # never used again, so that a payment's key says which one it is
    subscriber = models.ForeignKey(Subscriber, on_delete=models.PROTECT, related_name="bank_matches")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="bank_matches")
    is_linked = models.BooleanField(default=False)  # the payment was there before, by a report or at the desk
    amount = models.DecimalField(_("amount"), **MONEY)
    reasons = models.JSONField(default=list)  # codes of the suggestion that was followed; none for a choice by hand
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(_("undone"), null=True)
    undone_by_id = models.BigIntegerField(null=True)
    undone_by_name = models.CharField(max_length=200, blank=True)
    undone_why = models.CharField(_("reason"), max_length=200, blank=True)

    objects = MatchQuerySet.as_manager()

    class Meta:
        ordering = ["line", "part"]
        constraints = [
            models.UniqueConstraint(fields=["line", "part"], name="one_match_of_a_part"),
            models.UniqueConstraint(fields=["payment"], condition=Q(undone_at=None), name="one_line_of_a_payment"),
        ]
        verbose_name = _("match")
        verbose_name_plural = _("matches")

    def __str__(self) -> str:
        return f"{self.line_id}/{self.part}"

    @property
    def is_undone(self) -> bool:
        return self.undone_at is not None

    @property
    def shown_by(self) -> str:
        return self.by_name.partition(" <")[0]

    @property
    def shown_undone_by(self) -> str:
        return self.undone_by_name.partition(" <")[0]
