"""Celery, and the task that runs for one ISP: `@app.task(base=IspTask)`, called as `task.delay(isp_id=…, …)`.

A task may be delivered twice, or run halfway before its worker dies: it takes ids, looks at the rows, and does what is
still to be done. See docs/decisions/0003-tasks.md.
"""

import os
from abc import ABC, abstractmethod
from typing import Any

from celery import Celery, Task
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.utils.module_loading import import_string

from core import fair_queue
from core.scope import isp_scope, public_scope

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.settings")
fair_queue.install()
DATABASE_AWAY = (OperationalError, InterfaceError)
RETRIES = 12  # about nine minutes in all; what is left then is found by a sweep


class RefusedTask(Exception):
    """The task names no ISP, an unknown one, or one that is closed. It is not run and not retried."""


def _drop_stale_connection() -> None:
    """A worker may have waited longer than the server keeps a connection. A caller's open transaction stays."""
    if not connection.in_atomic_block:
        close_old_connections()


class _ResumedTask(Task, ABC):
    """A task that is tried again, later and later, when the database is away or does not answer in time."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        _drop_stale_connection()
        try:
            return self.perform(*args, **kwargs)
        except DATABASE_AWAY as error:
            if self.request.called_directly:
                raise
            delay = min(2**self.request.retries, 60)
            raise self.retry(exc=error, countdown=delay, max_retries=RETRIES) from error

    @abstractmethod
    def perform(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task in its scope."""


class PlatformTask(_ResumedTask):
    """Runs in the platform's scope. A task opens its own transactions, since it may call outside systems."""

    abstract = True

    def perform(self, *args: Any, **kwargs: Any) -> Any:
        with public_scope():
            return self.run(*args, **kwargs)


class IspTask(_ResumedTask):
    """Runs in the scope of the ISP that the message names, once that ISP has been found open.

    With `atomic = True` (the default) the whole task is one transaction; a task that calls outside systems sets
    `atomic=False` and opens its own.
    """

    abstract = True
    atomic = True

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        """Send the task, in the queue's lane of its ISP."""
        headers = {**(options.pop("headers", None) or {}), "isp_id": (kwargs or {}).get("isp_id")}
        return super().apply_async(args, kwargs, headers=headers, **options)

    def perform(self, *args: Any, isp_id: int | None = None, **kwargs: Any) -> Any:
        if isp_id is None:
            raise RefusedTask(f"{self.name} names no ISP.")
        with public_scope():
            isp = import_string(settings.TASK_ISP_LOADER)(isp_id, afresh=self.request.called_directly)
        with isp_scope(isp):
            if not self.atomic:
                return self.run(*args, isp_id=isp_id, **kwargs)
            with transaction.atomic():
                return self.run(*args, isp_id=isp_id, **kwargs)


app = Celery("lastmile", task_cls="core.celery:PlatformTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def enqueue_on_commit(task: Any, **kwargs: Any) -> None:
    """Send a task once the current transaction is durable. If the broker is down, a sweeper finds the rows."""
    transaction.on_commit(lambda: task.delay(**kwargs), robust=True)
