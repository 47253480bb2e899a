"""A run over the fleet: one at a time for the whole installation, canaries first, several ISPs at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import Error

from core.lease import Busy, lease
from tenants.fleet.capture import capture
from tenants.fleet.crew import Crew, Pause
from tenants.fleet.plan import BehindIsp, Key, Route, behind
from tenants.fleet.replay import migrate_isp
from tenants.fleet.report import Failure, Report, reason
from tenants.fleet.shortcut import Shortcuts, settle

_PASSES = 5  # over ISPs that old code has made meanwhile

Tell = Callable[[Report, int], None]  # is told the report so far and how many ISPs there are, after each ISP


class AlreadyRunning(Exception):
    """Another `migrate` is at work."""


@contextmanager
def only_one() -> Iterator[None]:
    """Keep a second run out until the block, or this process, ends. Raises AlreadyRunning."""
    try:
        with lease("tenants.fleet", 0):
            yield
    except Busy as error:
        raise AlreadyRunning from error


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
    sql: dict[Key, str | None] = capture(route, {isp.release for isp in todo if not isp.is_missing})
    shortcuts = Shortcuts(route, sql)

    def work(isp: BehindIsp, pause: Pause) -> Failure | None:
        return migrate_isp(isp, route, sql, pause)

    crew = Crew(work, tell, shortcuts.take)
    crew.go(todo[:canary], threads=1, stop_at_failure=True)
    crew.report.left += len(todo[canary:]) if crew.is_stopped else 0
    todo = todo[canary:]
    for _ in range(_PASSES):
        if not todo or crew.is_stopped:
            break
        crew.go(todo, threads=parallel)
        # Old code may have made ISPs at the old release while this ran.
        todo = [] if slug else [isp for isp in behind() if isp.pk not in crew.begun]
    if crew.report.done:
        try:
            settle()
        except Error as error:
            crew.stop(f"{type(error).__name__} at the end: {reason(error)}")
    return crew.report
