"""One ISP, one migration, one transaction: the change and its record are committed together or not at all."""

import random
from dataclasses import dataclass

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction

from core.scope import owner_scope, public_scope
from tenants.fleet import report
from tenants.fleet.crew import Pause
from tenants.fleet.plan import BehindIsp, Key, Route
from tenants.fleet.report import Failure
from tenants.fleet.shortcut import arrive, forgive, joined, record, records

# Somebody else holds a lock: lock_not_available, deadlock_detected, serialization_failure.
_LOCKED = {"55P03", "40P01", "40001"}
# The table, or the whole schema, is not there.
_MISSING = {"42P01", "3F000"}
_LONGEST_PAUSE = 5.0  # seconds between two attempts


class Unreachable(Exception):
    """The database went away and did not come back."""


def migrate_isp(isp: BehindIsp, route: Route, sql: dict[Key, str | None], pause: Pause) -> Failure | None:
    """Bring an ISP to the release of the route, a transaction for each migration. None once it is there.

    What fails is rolled back, marked in the platform's schema and returned; the migrations before it stay. Raises
    Unreachable, and Stopped between two transactions.
    """
    failure = report.missing(isp) if isp.is_missing else _advance(isp, route, sql, pause)
    if failure is not None and not report.mark(failure):
        return None
    return failure


def _advance(isp: BehindIsp, route: Route, sql: dict[Key, str | None], pause: Pause) -> Failure | None:
    attempt = 0
    while True:
        pause(0)
        position = _Position()
        try:
            if _step(isp, route, sql, position):
                return None
            attempt = 0
        except Exception as error:
            attempt += 1
            is_lost = isinstance(error, OperationalError | InterfaceError) and report.is_gone(error)
            if attempt < settings.MIGRATION_LOCK_ATTEMPTS and (is_lost or report.sqlstate(error) in _LOCKED):
                # Whoever waits for the same lock must not try again at the same time.
                pause(min(_LONGEST_PAUSE, 0.1 * 2**attempt) * random.uniform(0.5, 1))  # noqa: S311
            elif is_lost:
                raise Unreachable from error
            elif position.key is None and report.sqlstate(error) in _MISSING:
                return report.missing(isp)
            else:
                return Failure(isp, position.name, report.reason(error))


@dataclass(slots=True)
class _Position:
    """Which migration a step is at, for the report."""

    key: Key | None = None

    @property
    def name(self) -> str:
        return ".".join(self.key) if self.key else "before the first migration"


def _step(isp: BehindIsp, route: Route, sql: dict[Key, str | None], position: _Position) -> bool:
    """Apply and record the next migration that the ISP lacks. True once it lacks none."""
    with public_scope(), transaction.atomic():
        applied = _locked(isp)
        if applied is None:
            return True  # deleted meanwhile
        lacking = route.lacking(applied)
        is_last = len(lacking) <= 1
        if is_last:
            with connection.cursor() as cursor:
                cursor.execute(joined((arrive(isp, route.release), forgive(isp))))
        if lacking:
            position.key = lacking[0]
            # The tables are locked from here to the commit, which follows at once.
            _apply(isp, lacking[0], route, sql, applied)
        return is_last


def _locked(isp: BehindIsp) -> set[Key] | None:
    """Lock the ISP's row and read which migrations it has; None if it is gone. One round trip.

    They are read by a statement after the lock, so that two runs could not apply the same.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL lock_timeout TO %s; SELECT id FROM tenants_isp WHERE id = %s FOR NO KEY UPDATE; "  # noqa: S608
            f'SELECT app, name FROM "{isp.schema_name}".django_migrations',
            [int(settings.MIGRATION_LOCK_TIMEOUT * 1000), isp.pk],
        )
        cursor.nextset()
        if not cursor.fetchall():
            return None
        cursor.nextset()
        return set(cursor.fetchall())


def _apply(isp: BehindIsp, key: Key, route: Route, sql: dict[Key, str | None], applied: set[Key]) -> None:
    noted = record(records(key, route, applied))
    with owner_scope(isp):
        statements = "" if route.is_applied_by_parts(key, applied) else sql.get(key)
        if statements is None:
            state = route.state_before(key, applied)
            with connection.schema_editor(atomic=True) as editor:
                route.migrations[key].apply(state, editor)
        with connection.cursor() as cursor:
            cursor.execute(joined((statements or "", noted)))
