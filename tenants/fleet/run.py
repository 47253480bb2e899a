"""A run over the fleet: one at a time for the whole installation, canaries first, several ISPs at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection

from core.scope import public_scope
from tenants.fleet.capture import capture
from tenants.fleet.crew import Crew, Pause
from tenants.fleet.plan import BehindIsp, Key, Route, behind
from tenants.fleet.replay import migrate_isp
from tenants.fleet.report import Failure, Report
from tenants.fleet.shortcut import Shortcuts

_LOCK = (1818324852, 1)  # names the run among the database's advisory locks
_PASSES = 5  # over ISPs that old code has made meanwhile

Tell = Callable[[Report, int], None]  # is told the report so far and how many ISPs there are, after each ISP


class AlreadyRunning(Exception):
    """Another `migrate` is at work."""


@contextmanager
def only_one() -> Iterator[None]:
    """Keep a second run out until the block, or this process, ends. Raises AlreadyRunning.

    The lock lives in a transaction on a connection of its own, so that it holds behind a pooler too.
    """
    own = connection.copy()
    own.settings_dict["OPTIONS"].pop("pool", None)  # it is kept for long
    try:
        own.set_autocommit(False)
        with public_scope(), own.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout TO 0")
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", _LOCK)
            if not cursor.fetchone()[0]:
                raise AlreadyRunning
        yield
    finally:
        own.close()


def run_fleet(
    *, slug: str | None = None, canary: int = 0, parallel: int = 2, tell: Tell = lambda report, total: None
) -> Report:
    """Bring all ISPs, or one, to the current release. Where nobody is behind it costs one query.

    The first `canary` ISPs are done one by one, and a failure among them ends the run. Raises RehearsalFailed and
    NeedsNoTransaction before any ISP is touched.
    """
    todo = behind(slug)
    if not todo:
        return Report()
    route = Route()
    sql: dict[Key, str | None] = capture(route)
    shortcuts = Shortcuts(route, sql)

    def work(isp: BehindIsp, pause: Pause) -> Failure | None:
        return migrate_isp(isp, route, sql, shortcuts, pause)

    crew = Crew(work, tell)
    crew.go(todo[:canary], threads=1, stop_at_failure=True)
    crew.report.left += len(todo[canary:]) if crew.is_stopped else 0
    todo = todo[canary:]
    for _ in range(_PASSES):
        if not todo or crew.is_stopped:
            break
        crew.go(todo, threads=parallel)
        # Old code may have made ISPs at the old release while this ran.
        todo = [] if slug else [isp for isp in behind() if isp.pk not in crew.begun]
    return crew.report
