"""Workers that take ISPs from one list, each with its own database connection, and stop cleanly.

A worker tries several ISPs at once where that is possible, and does those one by one that it is not possible for.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from django.db import connection

from tenants.fleet.plan import BehindIsp
from tenants.fleet.report import Failure, Report

_LOOK = 0.02  # seconds between two looks at what the workers have done
# ISPs at once, and how long they may take together: a run that is to stop waits for them.
_MOST, _TOGETHER = 20, 0.05


class Stopped(Exception):
    """The run ends; what this ISP still lacks is left for the next one."""


Pause = Callable[[float], None]  # waits so many seconds; raises Stopped if the run ends
Work = Callable[[BehindIsp, Pause], Failure | None]
Together = Callable[[Sequence[BehindIsp]], int]  # how many it has done, from the first one on
Outcome = tuple[BehindIsp, Failure | Exception | None]


class Crew:
    """Does the work for each ISP and keeps the report. Only the thread that calls `go` touches the report."""

    def __init__(self, work: Work, tell: Callable[[Report, int], None], together: Together = lambda isps: 0) -> None:
        self.report = Report()
        self.begun: set[int] = set()
        self._work, self._tell, self._together = work, tell, together
        self._stop = threading.Event()

    @property
    def is_stopped(self) -> bool:
        return self._stop.is_set()

    def go(self, todo: list[BehindIsp], *, threads: int, stop_at_failure: bool = False) -> None:
        """Work for all of these ISPs, or until it is stopped: by Ctrl-C, after which those begun end their
        transaction, by a database that is away, or by the first failure if asked for.
        """
        waiting, outcomes = deque(todo), queue.SimpleQueue[Outcome]()
        self.begun.update(isp.pk for isp in todo)
        self.report.left += len(todo)
        if threads == 1 or len(todo) == 1:
            self._inline(waiting, outcomes, stop_at_failure)
            return
        crew = [threading.Thread(target=self._worker, args=(waiting, outcomes)) for _ in range(min(threads, len(todo)))]
        for worker in crew:
            worker.start()
        while True:
            is_over = not any(worker.is_alive() for worker in crew)
            try:
                while not outcomes.empty():
                    self._note(outcomes.get(), stop_at_failure)
                if is_over:
                    return
                # To be woken for each ISP would keep the workers waiting for their turn; the end is told at once.
                next((worker for worker in crew if worker.is_alive()), crew[0]).join(_LOOK)
            except KeyboardInterrupt:
                self.stop("Interrupted.")

    def stop(self, reason: str) -> None:
        """Begin no further ISP."""
        self.report.stopped_by = self.report.stopped_by or reason
        self._stop.set()

    def _inline(self, waiting: deque[BehindIsp], outcomes: "queue.SimpleQueue[Outcome]", stop_at_failure: bool) -> None:
        size = 1
        try:
            while size := self._next(waiting, outcomes, 1 if stop_at_failure else size):
                while not outcomes.empty():
                    self._note(outcomes.get(), stop_at_failure)
        except KeyboardInterrupt:
            self.stop("Interrupted.")

    def _worker(self, waiting: deque[BehindIsp], outcomes: "queue.SimpleQueue[Outcome]") -> None:
        size = 1
        try:
            while size := self._next(waiting, outcomes, size):
                pass
        finally:
            connection.close()

    def _next(self, waiting: deque[BehindIsp], outcomes: "queue.SimpleQueue[Outcome]", size: int) -> int:
        """Do as many ISPs at once, or those that can be and one more; how many to try then. 0: none is left."""
        isps = [] if self._stop.is_set() else _some(waiting, size)
        if not isps:
            return 0
        began = time.monotonic()
        try:
            done = self._together(isps)
        except Exception as error:
            outcomes.put((isps[0], error))
            return 1
        each = (time.monotonic() - began) / len(isps)
        for isp in isps[:done]:
            outcomes.put((isp, None))
        if done < len(isps):
            waiting.extendleft(reversed(isps[done + 1 :]))
            outcomes.put((isps[done], self._alone(isps[done])))
        # What the server remembers of each schema is given back only with the connection.
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        return max(1, min(_MOST, int(_TOGETHER / max(each, 0.001)))) if done else 1

    def _alone(self, isp: BehindIsp) -> Failure | Exception | None:
        try:
            return self._work(isp, self._pause)
        except Exception as error:
            return error

    def _pause(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise Stopped

    def _note(self, outcome: Outcome, stop_at_failure: bool) -> None:
        isp, result = outcome
        if isinstance(result, Stopped):
            return
        if isinstance(result, Exception):
            self.stop(f"{type(result).__name__} at {isp.slug}: {result}")
            return
        self.report.left -= 1
        if result is None:
            self.report.done += 1
        else:
            self.report.failures.append(result)
            if stop_at_failure:
                self.stop("A canary failed.")
        self._tell(self.report, len(self.begun))


def _some(waiting: deque[BehindIsp], size: int) -> list[BehindIsp]:
    """The next ISPs, fewer towards the end, so that all workers end together."""
    isps: list[BehindIsp] = []
    with suppress(IndexError):
        while len(isps) < min(size, 1 + len(waiting) // 4):
            isps.append(waiting.popleft())
    return isps
