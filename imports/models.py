"""Files of customers that are brought over from another system: the file, its rows, what became of each."""

import uuid
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models import StoredFile
from subscribers.models import Subscriber


class BatchQuerySet(models.QuerySet["Batch"]):
    def at_work(self) -> "BatchQuerySet":
        """Those that a task works on, or should."""
        return self.filter(state__in=Batch.WORKING)

    def loaded(self) -> "BatchQuerySet":
        """Those whose customers are in the base."""
        return self.filter(state=Batch.State.DONE)


class Batch(models.Model):
    """One file on its way into the base. Each state that takes long is done in steps, and `position` says how far."""

    class State(models.TextChoices):
        READING = "reading", _("being read")
        OPEN = "open", _("waiting for you")
        CHECKING = "checking", _("being checked")
        CHECKED = "checked", _("checked")
        RUNNING = "running", _("being imported")
        DONE = "done", _("imported")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")
        FAILED = "failed", _("cannot be read")

    WORKING = (State.READING, State.CHECKING, State.RUNNING, State.UNDOING)

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.READING)
    file = models.ForeignKey(StoredFile, on_delete=models.SET_NULL, null=True, related_name="+")
    file_name = models.CharField(_("file"), max_length=120)
    digest = models.CharField(max_length=64, db_index=True)  # SHA-256 of the file, to know it again
    size = models.PositiveBigIntegerField()  # bytes
    sheets = models.JSONField(default=list)  # names of the sheets of a workbook
    sheet = models.CharField(_("sheet"), max_length=120, blank=True)
    shape = models.JSONField(default=dict)  # how the text is written: encoding, delimiter
    header_row = models.PositiveIntegerField(default=1)  # where the titles stand; 0: nowhere
    columns = models.JSONField(default=list)  # see core.tabular.profiles
    system = models.CharField(max_length=20, blank=True)  # whose export it is; see imports.presets
    mapping = models.JSONField(default=dict)  # column's place as text: target; see imports.targets
    answers = models.JSONField(default=dict)  # to the questions that the mapping raises; see imports.answers
    total = models.PositiveIntegerField(default=0)  # rows, those with titles included
    position = models.PositiveIntegerField(default=0)  # the last row that the current state is done with
    counts = models.JSONField(default=dict)  # rows by verdict, and afterwards what was made
    made = models.JSONField(default=dict)  # tariffs, zones, routers, groups that the run added: {model: {pk: print}}
    trouble = models.JSONField(default=dict)  # why it failed: a problem as in rows
    by_id = models.BigIntegerField(null=True)  # of the staff user, who lives in the platform's schema
    by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    checked_at = models.DateTimeField(null=True)
    run_by_id = models.BigIntegerField(null=True)
    run_by_name = models.CharField(max_length=200, blank=True)
    run_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    undone_by_id = models.BigIntegerField(null=True)
    undone_by_name = models.CharField(max_length=200, blank=True)
    undone_at = models.DateTimeField(null=True)

    objects = BatchQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_working(self) -> bool:
        return self.state in self.WORKING

    @property
    def may_be_changed(self) -> bool:
        """Whether nothing of it is in the base yet and no task is at it."""
        return self.state in {self.State.OPEN, self.State.CHECKED}

    @property
    def is_forgotten(self) -> bool:
        """Whether what the rows held has been removed, so that it can be neither undone nor read again."""
        return bool(self.counts.get("forgotten"))

    @property
    def may_be_undone(self) -> bool:
        return self.state == self.State.DONE and not self.is_forgotten

    @property
    def percent(self) -> int:
        """How much of the current state's work is done."""
        return min(100, self.position * 100 // self.total) if self.total else 0

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        known = {"done": "green", "failed": "red", "undone": "secondary", "open": "orange", "checked": "orange"}
        return known.get(self.state, "azure")

    @property
    def shown_by(self) -> str:
        """Who brought the file: the name without the address that the audit log adds."""
        return self.by_name.partition(" <")[0]

    @property
    def shown_run_by(self) -> str:
        return self.run_by_name.partition(" <")[0]

    @property
    def shown_undone_by(self) -> str:
        return self.undone_by_name.partition(" <")[0]

    def title_of(self, column: int) -> str:
        """The title of a column, counted from 0."""
        return str(self.columns[column]["name"]) if column < len(self.columns) else ""


class RowQuerySet(models.QuerySet["Row"]):
    def refused(self) -> "RowQuerySet":
        """Those that are not taken."""
        return self.filter(verdict=Row.Verdict.BAD)

    def to_load(self) -> "RowQuerySet":
        """Those that a run has still to do."""
        return self.filter(verdict__in=[Row.Verdict.NEW, Row.Verdict.UPDATE], outcome="")


class Row(models.Model):
    """One row of a file: what stood in it, what is wrong with it, and what it became."""

    class Verdict(models.TextChoices):
        NEW = "new", _("new customer")
        UPDATE = "update", _("update")
        SKIP = "skip", _("left out")
        BAD = "bad", _("not taken")

    class Outcome(models.TextChoices):
        LOADED = "loaded", _("imported")
        UNDONE = "undone", _("undone")
        KEPT = "kept", _("kept")

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()  # in the file, from 1
    cells = models.JSONField(default=list)
    flaw = models.JSONField(default=list)  # problems found while reading
    values = models.JSONField(default=dict)  # what the cells mean, by target
    problems = models.JSONField(default=list)  # see imports.problems
    verdict = models.CharField(max_length=6, choices=Verdict, blank=True)
    leader = models.PositiveIntegerField(null=True)  # the row with the same customer, of whom this is another service
    matched = models.BigIntegerField(null=True)  # primary key of the subscriber who is there already
    outcome = models.CharField(max_length=6, choices=Outcome, blank=True)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.SET_NULL, null=True, related_name="+")
    made = models.JSONField(default=dict)  # what was added for it: {kind: [primary key, print]}
    before = models.JSONField(default=dict)  # what was changed: {"label:pk": {field: [before, after]}}
    kept = models.JSONField(default=list)  # why the undoing left it alone: problems

    objects = RowQuerySet.as_manager()

    class Meta:
        ordering = ["batch", "number"]
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="one_row_of_a_number")]
        indexes = [models.Index(fields=["batch", "verdict", "number"], name="import_row_verdict")]
        verbose_name = _("row of an import")
        verbose_name_plural = _("rows of imports")

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.number}"

    @property
    def shown_name(self) -> str:
        """Whom the row is about, as far as it is known."""
        values: dict[str, Any] = self.values
        name = f"{values.get('first_name', '')} {values.get('last_name', '')}".strip()
        return name or str(values.get("business_name", ""))

    @property
    def colour(self) -> str:
        """Of the badge that says the verdict."""
        return {"new": "green", "update": "azure", "skip": "secondary", "bad": "red"}.get(self.verdict, "secondary")


class Preset(models.Model):
    """A mapping that the ISP keeps for files with the same titles."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=80, unique=True)
    titles = models.JSONField(default=dict)  # title, folded: target
    answers = models.JSONField(default=dict)
    by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("saved mapping")
        verbose_name_plural = _("saved mappings")

    def __str__(self) -> str:
        return self.name
