"""Whose data the running code may touch: nobody's, the platform's, or one ISP's.

The scope belongs to the running context (thread or task), never to the database connection. The guarded backend
(`core.db`) reads it before every statement. Without a scope no statement runs at all.
"""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
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
    # Whether its tables themselves may be changed. It is the same scope all the same.
    as_owner: bool = field(default=False, compare=False)

    @property
    def is_public(self) -> bool:
        return self.isp_id is None

    @property
    def label(self) -> str:
        """A short name that is unique per scope, for cache keys and logs."""
        return "platform" if self.isp_id is None else f"isp{self.isp_uuid}"


PUBLIC = Scope("public")


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """One entered scope. `isp` is the ISP that the code runs for, also during a detour through `public`."""

    scope: Scope | None
    isp: Scope | None
    outer: "_Frame | None"


_frame: ContextVar[_Frame | None] = ContextVar("lastmile_scope", default=None)


def current() -> Scope | None:
    """The scope of the running code, or None."""
    frame = _frame.get()
    return frame.scope if frame else None


def required() -> Scope:
    """The scope of the running code. Raises NoScope where there is none."""
    scope = current()
    if scope is None:
        raise NoScope("No scope is open: enter isp_scope(isp) or public_scope() first.")
    return scope


@contextmanager
def _entered(scope: Scope | None) -> Iterator[None]:
    """Raises ScopeConflict for a second ISP, and ScopeError when scopes are not left in the order of entering."""
    outer = _frame.get()
    isp = outer.isp if outer else None
    if scope is not None and not scope.is_public:
        if isp is not None and isp != scope:
            raise ScopeConflict("Already inside another ISP.")
        isp = scope
    frame = _Frame(scope, isp, outer)
    _frame.set(frame)
    try:
        yield
    finally:
        _leave(frame)


def _leave(frame: _Frame) -> None:
    top = _frame.get()
    if top is frame:
        _frame.set(frame.outer)
        return
    # An abandoned generator may be closed in a context that never saw its scope: then there is nothing to leave.
    inner = top
    while inner is not None and inner is not frame:
        inner = inner.outer
    if inner is frame:
        _frame.set(None)
        raise ScopeError("Scopes are left in the reverse order of entering.")


def public_scope() -> AbstractContextManager[None]:
    """Run with the platform's own tables: ISPs, staff, domains. May be opened inside an ISP's scope."""
    return _entered(PUBLIC)


def isp_scope(isp: IspLike) -> AbstractContextManager[None]:
    """Run with the tables of one ISP and no others.

    Raises ScopeError for a schema name that the server did not make, ScopeConflict inside another ISP's scope.
    """
    return _entered(_scope_of(isp))


def owner_scope(isp: IspLike) -> AbstractContextManager[None]:
    """Run with the tables of one ISP as who owns them, not as its role: for what makes, changes or empties tables.

    Raises what isp_scope raises. Code that enters isp_scope inside has the rights of the role alone.
    """
    return _entered(_scope_of(isp, as_owner=True))


def _scope_of(isp: IspLike, *, as_owner: bool = False) -> Scope:
    if not SCHEMA_NAME.fullmatch(isp.schema_name):
        raise ScopeError("Not a schema name made by the server.")
    return Scope(isp.schema_name, isp.pk, isp.uuid, as_owner)


def same_scope(scope: Scope | None) -> AbstractContextManager[None]:
    """Run in a scope remembered earlier by the same request, such as the one its session was loaded in."""
    return _entered(scope)
