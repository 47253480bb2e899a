"""Whose data the running code may touch: nobody's, the platform's, or one ISP's.

The scope belongs to the running context (thread or task), never to the database connection. The guarded backend
(`core.db`) reads it before every statement. Without a scope no statement runs at all.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

SCHEMA_NAME = re.compile(r"t_[0-9a-f]{12}")


class ScopeError(Exception):
    """The code asked for data outside the scope that it runs in."""


class NoScope(ScopeError):
    """A statement, cache call or file was asked for before any scope was entered."""


class ScopeConflict(ScopeError):
    """Code running for one ISP tried to enter another one."""


class OutsideTransaction(ScopeError):
    """A statement in an ISP's scope came outside a transaction, where the search path cannot be pinned."""


class IspLike(Protocol):
    """What a scope needs to know of an ISP; the model and the resolver's reference both have it."""

    @property
    def pk(self) -> int: ...
    @property
    def uuid(self) -> UUID: ...
    @property
    def schema_name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """One schema, and the ISP that owns it (None for the platform's own)."""

    schema_name: str
    isp_id: int | None = None
    isp_uuid: UUID | None = None

    @property
    def is_public(self) -> bool:
        return self.isp_id is None

    @property
    def label(self) -> str:
        """A short name that is unique per scope, for cache keys and logs."""
        return "platform" if self.isp_id is None else f"isp{self.isp_uuid}"


PUBLIC = Scope("public")
_current: ContextVar[Scope | None] = ContextVar("lastmile_scope", default=None)


def current() -> Scope | None:
    """The scope of the running code, or None."""
    return _current.get()


def required() -> Scope:
    """The scope of the running code. Raises NoScope where there is none."""
    scope = _current.get()
    if scope is None:
        raise NoScope("No scope is open: enter isp_scope(isp) or public_scope() first.")
    return scope


@contextmanager
def _entered(scope: Scope | None) -> Iterator[None]:
    token = _current.set(scope)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def public_scope() -> Iterator[None]:
    """Run with the platform's own tables: ISPs, staff, domains. May be opened inside an ISP's scope."""
    with _entered(PUBLIC):
        yield


@contextmanager
def isp_scope(isp: IspLike) -> Iterator[None]:
    """Run with the tables of one ISP and no others.

    Raises ScopeError for a schema name that the server did not make, ScopeConflict inside another ISP's scope.
    """
    if not SCHEMA_NAME.fullmatch(isp.schema_name):
        raise ScopeError("Not a schema name made by the server.")
    with _entered_isp(Scope(isp.schema_name, isp.pk, isp.uuid)):
        yield


@contextmanager
def _entered_isp(scope: Scope) -> Iterator[None]:
    """Remember the outermost ISP too, so that a detour through `public` cannot lead to another one."""
    inside = _isp.get()
    if inside is not None and inside != scope:
        raise ScopeConflict("Already inside another ISP.")
    token = _isp.set(scope)
    try:
        with _entered(scope):
            yield
    finally:
        _isp.reset(token)


_isp: ContextVar[Scope | None] = ContextVar("lastmile_isp", default=None)


@contextmanager
def same_scope(scope: Scope | None) -> Iterator[None]:
    """Run in a scope remembered earlier by the same request, such as the one its session was loaded in."""
    inside = _isp.get()
    if scope is not None and not scope.is_public and inside is not None and inside != scope:
        raise ScopeConflict("Already inside another ISP.")
    with _entered(scope):
        yield
