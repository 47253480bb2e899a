"""Work that may take longer than the time after which its task is given to another worker: one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from zlib import crc32

from django.db import Error, connection

from core.scope import public_scope

_BITS = 0x7FFF_FFFF  # an advisory lock is named by two signed numbers of 32 bits


class Busy(Exception):
    """Another process is at it."""


@contextmanager
def lease(what: str, number: int) -> Iterator[None]:
    """Keep every other process out of this piece of work until the block, or this process, ends. Raises Busy.

    The lock lives in an idle transaction on a connection of its own, so it holds behind a pooler too, and goes with
    its owner however that one ends. Call it outside a transaction.
    """
    own = connection.copy()
    own.settings_dict["OPTIONS"].pop("pool", None)  # it is kept for long
    try:
        own.set_autocommit(False)
        with public_scope(), own.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout TO 0")
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [crc32(what.encode()) & _BITS, number & _BITS])
            if not cursor.fetchone()[0]:
                raise Busy
        yield
    finally:
        # The server frees the lock when it sees a closed connection, which may be after the next one has asked; a
        # rollback is waited for. What is broken already is only closed.
        with suppress(Error):
            own.rollback()
        own.close()
