"""What went wrong at which ISP: rows in the platform's schema, which the edge goes by, and lines for the operator."""

import logging
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from core.scope import public_scope
from tenants.fleet.marks import FailedMigration
from tenants.fleet.plan import BehindIsp, behind
from tenants.models import ISP

logger = logging.getLogger(__name__)
SCHEMA_MISSING = "The schema or its tables are missing."
_MIGRATION_NAME = 200  # characters that are kept


@dataclass(frozen=True, slots=True)
class Failure:
    """A migration that was rolled back in one ISP; `migration` is empty where the schema itself is missing."""

    isp: BehindIsp
    migration: str
    error: str

    @property
    def line(self) -> str:
        return f"{self.isp.slug}: {self.migration + ': ' if self.migration else ''}{self.error}"


@dataclass(slots=True)
class Report:
    """How a run over the fleet went."""

    done: int = 0
    left: int = 0  # not begun, because the run was stopped
    failures: list[Failure] = field(default_factory=list)
    stopped_by: str = ""  # why the run ended early

    @property
    def is_good(self) -> bool:
        return not (self.failures or self.left or self.stopped_by)

    def lines(self) -> list[str]:
        """What the operator has to know, in a few lines."""
        if self.is_good and not self.done:
            return ["All ISPs are up to date."]
        lines = [f"Migrated {isps(self.done)}."] if self.done else []
        if self.failures:
            lines.append(f"{isps(len(self.failures))} failed, rolled back and left at the old release:")
            lines += [f"  {failure.line}" for failure in self.failures]
        if self.stopped_by:
            lines.append(f"{self.stopped_by} {isps(self.left)} not begun; run it again to go on.")
        return lines


def isps(count: int) -> str:
    """A number of ISPs in words for the terminal."""
    return f"{count} ISP{'' if count == 1 else 's'}"


def missing(isp: BehindIsp) -> Failure:
    """The finding that an ISP's schema is gone."""
    return Failure(isp, "", SCHEMA_MISSING)


def mark(failure: Failure) -> bool:
    """Keep a failure as the ISP's row until a run succeeds there. False if the ISP was deleted meanwhile."""
    values = {"migration": failure.migration[:_MIGRATION_NAME], "error": failure.error, "at": timezone.now()}
    with public_scope(), transaction.atomic():
        isp = ISP.objects.select_for_update(no_key=True).filter(pk=failure.isp.pk).first()
        if isp is not None:
            FailedMigration.objects.update_or_create(isp=isp, defaults=values)
    return isp is not None


def check_schemas() -> list[str]:
    """Mark the ISPs whose schema is missing, clear the mark where it is back, and tell the slugs newly found."""
    lost = [isp for isp in behind() if isp.is_missing]
    with public_scope(), transaction.atomic():
        marked = FailedMigration.objects.schema_missing()
        marked.exclude(isp_id__in=[isp.pk for isp in lost]).delete()
        known = set(marked.values_list("isp_id", flat=True))
    new = [isp for isp in lost if isp.pk not in known]
    for isp in filter(lambda isp: mark(missing(isp)), new):
        logger.error("The schema of %s (%s) is missing; its hosts answer 503.", isp.slug, isp.schema_name)
    return [isp.slug for isp in new]


def reason(error: BaseException) -> str:
    """What failed, in one line without data: texts of exceptions may quote rows."""
    cause = error.__cause__
    state = getattr(cause, "sqlstate", None)
    if isinstance(error, DatabaseError) and state:
        # Class 22 is about values, and quotes them.
        told = "" if state.startswith("22") else f": {cause.diag.message_primary}"  # type: ignore[union-attr]
        return f"{type(cause).__name__}{told}"[:300]
    place = traceback.extract_tb(error.__traceback__)[-1:]
    return f"{type(error).__name__}{''.join(f' in {Path(at.filename).name}, line {at.lineno}' for at in place)}"[:300]


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's code of a wrapped error, or an empty text."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def is_gone(error: BaseException) -> bool:
    """Whether the connection is gone, whatever the statement was."""
    state = sqlstate(error)
    return not state or state.startswith(("08", "57P")) or connection.connection is None or connection.connection.closed
