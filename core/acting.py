"""Acting in another's name: staff who see the portal as a subscriber does, for the time of a request."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied

if TYPE_CHECKING:
    from core.audit import Actor


class InAnothersName(PermissionDenied):
    """What was asked for is done in one's own name only: money, passwords."""


@dataclass(frozen=True, slots=True)
class Double:
    """Who really acts, and the name of whom they look like."""

    by: "Actor"
    name: str


_double: ContextVar[Double | None] = ContextVar("lastmile_double", default=None)


def current() -> Double | None:
    """Who really acts, where that is not who it looks like; else None."""
    return _double.get()


@contextmanager
def acting(by: "Actor", name: str) -> Iterator[None]:
    """All that is recorded inside is recorded as done by `by` in the name of `name`."""
    with _entered(Double(by, name)):
        yield


def acting_for_nobody() -> AbstractContextManager[None]:
    """Inside, everybody is who they are again: for what is about the acting itself."""
    return _entered(None)


@contextmanager
def _entered(double: Double | None) -> Iterator[None]:
    token = _double.set(double)
    try:
        yield
    finally:
        _double.reset(token)


def in_own_name() -> None:
    """The first line of a verb that nobody may do in another's name. Raises InAnothersName."""
    if current() is not None:
        raise InAnothersName
