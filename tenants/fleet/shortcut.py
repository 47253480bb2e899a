"""Plain migrations as texts, a transaction for each ISP, and the texts of several ISPs in one round trip.

ISPs at one release have the same migrations. What that means is read at the first of them; each text begins by finding
that it holds for the ISP at hand, or else fails, and the ISP takes the way that looks first.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from django.conf import settings
from django.db import Error, connection, transaction

from core.scope import public_scope
from tenants.fleet.plan import BehindIsp, Key, PartlySquashed, Route, applied_in
from tenants.models import ISP

# One number for a set of migrations, whatever their order. Only compared with others of the same server and run.
_DIGEST = "coalesce(sum(hashtextextended(app || '.' || name, 0)), 0)"


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def records(key: Key, route: Route, applied: set[Key]) -> list[Key]:
    """What is noted as applied with a migration: itself and those that it replaces."""
    done = [key, *((app, name) for app, name in route.migrations[key].replaces)]
    return [row for row in done if row not in applied]


def record(rows: Sequence[Key]) -> str:
    """The statement that notes migrations in the ISP's own records."""
    values = ", ".join(f"({literal(app)}, {literal(name)}, now())" for app, name in rows)
    return f"INSERT INTO django_migrations (app, name, applied) VALUES {values}"  # noqa: S608


def arrive(isp: BehindIsp, release: str) -> str:
    """The statement that notes in the platform's schema that an ISP is at a release. It locks the ISP's row."""
    return f"UPDATE public.tenants_isp SET release = {literal(release)} WHERE id = {isp.pk:d}"  # noqa: S608


def forgive(isp: BehindIsp) -> str:
    """The statement that removes the mark of an earlier failure."""
    return f"DELETE FROM public.tenants_failedmigration WHERE isp_id = {isp.pk:d}"  # noqa: S608


def joined(statements: Iterable[str]) -> str:
    """Statements as one text; each ends on a line of its own, since the last line may be a comment."""
    return "\n;\n".join(statement for statement in statements if statement)


def settle() -> None:
    """Wait until all that was committed so far is on the disk, whoever committed it in whatever haste."""
    with public_scope(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_logical_emit_message(true, 'lastmile', '')")


@dataclass(frozen=True, slots=True)
class Stage:
    """One migration for ISPs that have the migrations of this digest."""

    digest: str
    statements: str
    release: str  # where the ISP is after it; empty if more stages follow

    def text(self, isp: BehindIsp) -> str:
        """All that the stage does for an ISP. The ISP's row is locked first, so that no two runs do it at once."""
        lock = f"SELECT FROM public.tenants_isp WHERE id = {isp.pk:d} FOR NO KEY UPDATE"
        # SQL has no statement that fails on a condition, but a division does.
        same = f"SELECT 1 / ({_DIGEST} = {self.digest})::int FROM django_migrations"  # noqa: S608
        timeout = f"SET LOCAL lock_timeout TO {int(settings.MIGRATION_LOCK_TIMEOUT * 1000)}"
        # Change, record and release are lost together, or not at all; the run ends by waiting for the disk once.
        hasty = "SET LOCAL synchronous_commit TO off"
        first = arrive(isp, self.release) if self.release else lock
        forgiven = forgive(isp) if self.release and isp.is_marked else ""
        return joined((timeout, hasty, first, forgiven, same, self.statements))


class Shortcuts:
    """The stages from each release that ISPs are at to the route's; none where a migration runs as Python."""

    def __init__(self, route: Route, sql: dict[Key, str | None]) -> None:
        self._route, self._sql = route, sql
        self._stages: dict[str, list[Stage]] = {}
        self._lock = threading.Lock()

    def take(self, isps: Sequence[BehindIsp]) -> int:
        """Bring ISPs to the route's release; how many of them got there, from the first one on.

        Of the next one each stage was committed or undone; those after it were not begun.
        """
        if connection.in_atomic_block:
            return 0
        works: list[tuple[BehindIsp, str]] = []
        taken = 0
        try:
            for isp in isps:
                stages = [] if isp.is_missing else self._stages_from(isp)
                if not stages:
                    break
                works += [(isp, stage.text(isp)) for stage in stages]
                taken += 1
            if works:
                connection.run_whole(works)  # type: ignore[attr-defined]
        except Error:
            return self._arrived(isps[:taken])
        return taken

    def _arrived(self, isps: Sequence[BehindIsp]) -> int:
        """How many are there, as the server says; none if it cannot be asked, for whoever looks again does no harm."""
        connection.close_if_unusable_or_obsolete()
        try:
            with public_scope():
                there = set(
                    ISP.objects.filter(pk__in=[isp.pk for isp in isps], release=self._route.release).values_list(
                        "pk", flat=True
                    )
                )
        except Error:
            return 0
        return len(list(takewhile(lambda isp: isp.pk in there, isps)))

    def _stages_from(self, isp: BehindIsp) -> list[Stage]:
        with self._lock:
            if isp.release not in self._stages:
                self._stages[isp.release] = self._find(isp)
            return self._stages[isp.release]

    def _find(self, isp: BehindIsp) -> list[Stage]:
        with public_scope(), transaction.atomic():
            applied = applied_in(isp)
        try:
            lacking = self._route.lacking(applied)
        except PartlySquashed:
            return []
        if any(self._sql.get(key) is None or self._route.is_applied_by_parts(key, applied) for key in lacking):
            return []
        stages = []
        for key in lacking:
            rows = records(key, self._route, applied)
            statements = joined((self._sql[key] or "", record(rows)))
            release = self._route.release if key == lacking[-1] else ""
            stages.append(Stage(_digest(applied), statements, release))
            applied = applied.union(rows)
        return stages


def _digest(keys: set[Key]) -> str:
    values = ", ".join(f"({literal(app)}, {literal(name)})" for app, name in keys)
    with public_scope(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT {_DIGEST}::text FROM (VALUES {values}) AS applied (app, name)")  # noqa: S608
        return str(cursor.fetchone()[0])
