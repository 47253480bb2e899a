"""Caches: Redis keys that carry their ISP, and a small one inside the process for what every request asks."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from core.scope import required

V = TypeVar("V")


def scoped_key(key: str, key_prefix: str, version: int) -> str:
    """`isp<uuid>:<key>` in an ISP's scope, `platform:<key>` in public. Raises NoScope."""
    return f"{required().label}:{key}"


class TimedCache(Generic[V]):
    """At most `size` values, each for `seconds`; the ones not asked for longest leave first. Thread-safe."""

    def __init__(self, *, seconds: float, size: int) -> None:
        self.seconds = seconds
        self.size = size
        self._rows: OrderedDict[str, tuple[float, V]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, load: Callable[[], V]) -> V:
        """The cached value, else what `load` returns. What `load` raises is passed on and not cached."""
        now = time.monotonic()
        with self._lock:
            row = self._rows.get(key)
            if row is not None and row[0] > now:
                self._rows.move_to_end(key)
                return row[1]
        value = load()
        self.put(key, value)
        return value

    def put(self, key: str, value: V) -> None:
        """Keep a value from now on."""
        with self._lock:
            self._rows[key] = (time.monotonic() + self.seconds, value)
            self._rows.move_to_end(key)
            while len(self._rows) > self.size:
                self._rows.popitem(last=False)

    def peek(self, key: str) -> V | None:
        """The cached value if there is one."""
        with self._lock:
            row = self._rows.get(key)
        return row[1] if row is not None and row[0] > time.monotonic() else None

    def clear(self) -> None:
        with self._lock:
            self._rows.clear()

    def __len__(self) -> int:
        return len(self._rows)
