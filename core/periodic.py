"""What is done for each ISP again and again: registered here by the apps, planned as rows (tenants.DueWork)."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.utils.module_loading import autodiscover_modules


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of work: the task that does it for one ISP, and the time between two runs."""

    name: str
    task: Any
    every: timedelta

    def after(self, moment: datetime) -> datetime:
        """When it is due again, give or take a tenth, so that the ISPs do not all come at once."""
        return moment + self.every * random.uniform(0.9, 1.1)  # noqa: S311

    def first(self, moment: datetime) -> datetime:
        """When it is due for the first time: anywhere within one interval."""
        return moment + self.every * random.random()  # noqa: S311


_kinds: dict[str, Kind] = {}


def for_each_isp(name: str, *, every: timedelta) -> Callable[[Any], Any]:
    """Register a task of IspTask, which takes nothing but `isp_id`, to run for each open ISP. Stands above `@app.task`.

    A run that is lost with its worker or with the broker is made up for by the next one, so `every` is also the longest
    time that the work may be late after a crash.
    """

    def register(task: Any) -> Any:
        _kinds[name] = Kind(name, task, every)
        return task

    return register


def kinds() -> dict[str, Kind]:
    """All kinds, by name."""
    _load()
    return _kinds


@cache
def _load() -> None:
    autodiscover_modules("tasks")
