"""A process that works off a sending in children of its own, each of which dies by SIGKILL at its n-th statement.

Lines of JSON come in: `isp`, `sending`, `part` (people at once), `die` (a number, 0 to live on) and `defence`: "" or
"apart", which is the control: messages are written after the transaction that says how far the sending is. See
tests.forked.
"""

import os
import signal
from typing import Any

import django

django.setup()

from django.db import connection, transaction  # noqa: E402

from core.scope import isp_scope, public_scope  # noqa: E402
from dashboard import sendings as writing  # noqa: E402
from dashboard.services import sendings  # noqa: E402
from messaging.services import many  # noqa: E402
from tenants.directory import open_isp  # noqa: E402
from tests.forked import serve  # noqa: E402


class Death:
    """Comes with a statement, before it reaches the server."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)


def write_apart() -> None:
    usual = many.write_many

    def later(messages: Any) -> Any:
        def write() -> None:
            with transaction.atomic():
                usual(messages)

        transaction.on_commit(write)
        return messages

    many.write_many = later  # type: ignore[assignment]


def work(job: dict[str, Any]) -> None:
    writing.PART = job["part"]
    if job["defence"] == "apart":
        write_apart()
    with public_scope():
        isp = open_isp(job["isp"])
    with isp_scope(isp), connection.execute_wrapper(Death(job["die"])):
        is_more = True
        while is_more:
            with transaction.atomic():  # as the task does
                is_more = sendings.work_off(sending_id=job["sending"])


if __name__ == "__main__":
    serve(work)
