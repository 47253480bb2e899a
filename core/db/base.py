"""The guarded database backend: no statement without a scope, no ISP's statement outside a transaction.

Search paths and roles are only ever set with SET LOCAL, so nothing of one transaction is left on the server's
connection for the next one. That makes the backend safe behind a pooler in transaction mode. See docs/decisions/0001,
and 0004 for the roles.
"""

import re
import select
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import Error, ProgrammingError
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper
from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantsDatabaseWrapper
from psycopg import ClientCursor, ServerCursor
from psycopg.pq import TransactionStatus

from core.db.introspection import Introspection
from core.scope import IspLike, OutsideTransaction, Scope, ScopeError, current, owner_scope, public_scope, required

# Statements that would move the search path behind the guard's back, or outlive the transaction.
_FORBIDDEN = ("search_path", "set schema", "set local schema", "set session schema", "reset all", "discard ")
# Statements that would take another role; looked for only where the text has one of these words at all.
_ROLE_WORDS = ("role", "authorization")
_BETWEEN = r"(?:\s|--[^\n]*\n|/\*.*?\*/)"
_TAKES_ROLE = re.compile(
    rf"\b(?:set|reset){_BETWEEN}+(?:(?:local|session){_BETWEEN}+)?(?:role\b|(?:session{_BETWEEN}+)?authorization\b)"
    rf'|(?:^|;){_BETWEEN}*(?:set|reset){_BETWEEN}*(?:(?:local|session){_BETWEEN}*)?"(?:role|session_authorization)"'
    rf"|set_config{_BETWEEN}*\({_BETWEEN}*e?'(?:role|session_authorization)'|\bsession_authorization\b",
    re.S,
)
# PostgreSQL's codes for a role that is not there, and for one that may not be taken or lacks its rights.
_ROLE_TROUBLE = {"22023", "42501"}


class RoleMissing(ProgrammingError):
    """The server does not let us act as the ISP's role, so nothing of the ISP is read or written."""


_BUSY = {TransactionStatus.ACTIVE, TransactionStatus.INTRANS, TransactionStatus.INERROR}


def _look_at(sql: str) -> bool:
    """Whether a statement may undo a SET LOCAL. Raises ScopeError for one that would change path or role itself."""
    return _read_before(sql) if len(sql) < 2_000 else _read(sql)


def _read(sql: str) -> bool:
    text = sql.lower()
    if any(words in text for words in _FORBIDDEN):
        raise ScopeError("The search path is set by the scope alone.")
    if any(word in text for word in _ROLE_WORDS) and _TAKES_ROLE.search(text):
        raise ScopeError("The role is set by the scope alone.")
    return "rollback" in text


# Most statements come again and again; their values are not part of the text yet.
_read_before = lru_cache(maxsize=512)(_read)


class _GuardMixin:
    """Pins the search path right before each statement, whichever way the statement is sent."""

    db: "DatabaseWrapper"
    cursor: Any

    def _execute(self, sql: Any, params: Any, *context: Any) -> Any:
        """Send one statement; the first of a transaction travels together with what opens it."""
        if self.db.is_pinned(sql):
            return super()._execute(sql, params, *context)  # type: ignore[misc]
        opening = self.db.pin_scope(sql, folds=self._can_fold and isinstance(sql, str))
        if not opening:
            return super()._execute(sql, params, *context)  # type: ignore[misc]
        # On a line of its own, so that the server's messages quote the statement alone.
        with self.db.role_explained():
            done = super()._execute(f"{opening};\n{sql}", params, *context)  # type: ignore[misc]
        with suppress(IndexError):  # a statement that is only a comment has no result
            self.cursor.set_result(opening.count(";") + 1)
        return done

    @property
    def _can_fold(self) -> bool:
        """Whether the cursor takes several statements at once: it does where psycopg puts the values in itself."""
        return isinstance(self.cursor, ClientCursor) and not isinstance(self.cursor, ServerCursor)

    def executemany(self, sql: Any, param_list: Any) -> Any:
        self.db.pin_scope(sql)
        return super().executemany(sql, param_list)  # type: ignore[misc]

    def callproc(self, procname: Any, params: Any = None, kparams: Any = None) -> Any:
        self.db.pin_scope()
        return super().callproc(procname, params, kparams)  # type: ignore[misc]

    @contextmanager
    def copy(self, statement: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """psycopg's COPY. The path is pinned when the block begins, since only then the statement is sent."""
        self.db.pin_scope(statement)
        with self.db.wrap_database_errors, self.cursor.copy(statement, *args, **kwargs) as copy:
            yield copy

    def stream(self, query: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """psycopg's row-by-row results. The path is pinned when the first row is asked for."""
        self.db.pin_scope(query)
        yield from self.cursor.stream(query, *args, **kwargs)


class GuardedCursorWrapper(_GuardMixin, CursorWrapper):
    pass


class GuardedCursorDebugWrapper(_GuardMixin, CursorDebugWrapper):
    pass


class DatabaseWrapper(TenantsDatabaseWrapper):
    """PostgreSQL through psycopg, with the scope of `core.scope` enforced on every statement.

    psycopg stays in autocommit mode; BEGIN and the search path travel together with the first statement of a
    transaction as one simple query, which saves the round trip of psycopg's own lazy BEGIN.

    PostgreSQL keeps in each connection what it knows of each table that was used there, and never forgets it. A
    connection that has visited CONN_MAX_ISPS ISPs is closed at the end of the request or task, and a new one opened.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._pinned: str | None = None
        self._pinned_for: Scope | None = None
        super().__init__(*args, **kwargs)
        # That of django-tenants sets a path for the session, which would outlive the transaction.
        self.introspection = Introspection(self)
        # Django would create a table to find out, before any scope can exist.
        self.features.__dict__["supports_transactions"] = True

    @property
    def schema_name(self) -> str | None:
        """The schema of the running code, for introspection and the migration router."""
        scope = current()
        return scope.schema_name if scope else None

    @schema_name.setter
    def schema_name(self, value: str | None) -> None:
        """Ignored: django-tenants assigns it, but the scope decides."""

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        """Refused, except for the initial 'public' of django-tenants: a scope is entered with isp_scope()."""
        if tenant.schema_name != "public":
            raise RuntimeError("Enter core.scope.isp_scope(isp) instead.")

    def is_pinned(self, sql: Any) -> bool:
        """Whether a statement may go as it is: in the scope and transaction of the one before, and undoing nothing.

        It spares most statements what `pin_scope` does, and must never say yes where that would do something.
        """
        scope = self._pinned_for
        return (
            scope is not None
            and scope is current()
            and isinstance(sql, str)
            and not self.autocommit
            and self.connection is not None
            and self.connection.pgconn.transaction_status == TransactionStatus.INTRANS
            and not _look_at(sql)
        )

    def pin_scope(self, sql: Any = "", *, folds: bool = False) -> str:
        """Make the server's search path and role those of the scope, in a round trip only where they have to change.

        Where the statement `folds` and a transaction has to be begun, the statements that do so are returned instead,
        to be sent with it. Raises NoScope, OutsideTransaction, RoleMissing, and ScopeError for a statement that would
        change path or role itself.
        """
        scope = required()
        undoes = _look_at(sql if isinstance(sql, str) else self._as_text(sql))
        if self.get_autocommit():
            if not scope.is_public:
                raise OutsideTransaction("An ISP's tables are reached inside transaction.atomic() only.")
            return ""
        opening, wanted = "", _settings_of(scope)
        if self.connection.pgconn.transaction_status == TransactionStatus.IDLE:
            opening = f"BEGIN; {wanted}"
            self._note_visit(scope.schema_name)
            if not folds:
                self._send(opening)
                opening = ""
        elif self._pinned != wanted:
            self._send(wanted)
            self._note_visit(scope.schema_name)
        # A rollback to a savepoint may undo a SET LOCAL, so it has to be sent again.
        self._pinned, self._pinned_for = (None, None) if undoes else (wanted, scope)
        return opening

    def run_whole(self, works: Iterable[tuple[IspLike, str]]) -> None:
        """Run statements for each of these ISPs, as who owns its tables, all in one round trip and without results.

        Each ISP's are a transaction of their own. At the first error that one is undone, those before it stay and
        those after it do not begin. It is for the same work in thousands of schemas, where each round trip counts.
        Raises ScopeError, inside another transaction too, and DatabaseError.
        """
        texts = []
        for isp, sql in works:
            with owner_scope(isp):
                _look_at(sql)
                texts.append((isp.schema_name, f"BEGIN; {_settings_of(required())};\n{sql}\n;\nCOMMIT"))
        self.ensure_connection()
        if not self.get_autocommit() or self.connection.pgconn.transaction_status in _BUSY:
            raise ScopeError("Inside a transaction these would not be ones of their own.")
        for schema_name, _ in texts:
            # Such work touches few tables of each schema, so the server's process remembers little of it.
            self._note_visit(schema_name, most=5 * settings.CONN_MAX_ISPS)
        try:
            self._send(";\n".join(text for _, text in texts))
        finally:
            if self.connection.pgconn.transaction_status == TransactionStatus.INERROR:
                self._send("ROLLBACK")

    def _note_visit(self, schema_name: str, most: int | None = None) -> None:
        """Count the schemas whose tables the server's process has come to know; after enough of them it has to go."""
        visited = self.connection.visited
        visited.add(schema_name)
        if len(visited) > (most or settings.CONN_MAX_ISPS):
            self.close_at = 0.0  # Django closes it when the request ends, as if it were too old
            self.connection._expire_at = 0.0  # and a pool takes it for too old when it comes back

    def get_new_connection(self, conn_params: Any) -> Any:
        """A new connection, or the next one of the pool that still works."""
        while True:
            connection = super().get_new_connection(conn_params)
            if not hasattr(connection, "visited"):
                connection.visited = set()
                return connection
            if _is_quiet(connection):
                return connection
            # The server has ended it while it lay in the pool, which replaces it.
            connection.close()
            self.pool.putconn(connection)

    def is_usable(self) -> bool:
        """Whether the connection still works. A silent one does, which is seen without a round trip.

        A server that went away has closed the socket, which makes it readable. After an error the server is asked.
        """
        if not self.errors_occurred and self.connection is not None and _is_quiet(self.connection):
            return True
        return bool(super().is_usable())

    def _as_text(self, sql: Any) -> str:
        return sql.decode() if isinstance(sql, bytes) else str(sql.as_string(self.connection))

    def _send(self, sql: str) -> None:
        with self.role_explained(), self.wrap_database_errors:
            self.connection.execute(sql)

    @contextmanager
    def role_explained(self) -> Iterator[None]:
        """Raise RoleMissing instead of the server's error where that is about the role of the current scope."""
        try:
            yield
        except Error as error:
            scope, cause = current(), error.__cause__
            about = str(getattr(getattr(cause, "diag", None), "message_primary", ""))
            if getattr(cause, "sqlstate", None) not in _ROLE_TROUBLE or not scope or scope.schema_name not in about:
                raise
            told = f"The role {scope.schema_name} cannot be used ({about}): `manage.py migrate` makes what is missing."
            raise RoleMissing(told) from cause

    def _cursor(self, name: str | None = None) -> Any:
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            return self._prepare_cursor(self.create_cursor(name))

    def chunked_cursor(self) -> Any:
        """A server-side cursor inside a transaction; outside of one, behind a pooler, it could not be found again."""
        if self.get_autocommit():
            return self.cursor()
        guarded = super().chunked_cursor()
        # psycopg is always in autocommit mode here, for which Django asks for cursors that outlive the commit.
        guarded.cursor._withhold = False
        return guarded

    def make_cursor(self, cursor: Any) -> GuardedCursorWrapper:
        return GuardedCursorWrapper(cursor, self)

    def make_debug_cursor(self, cursor: Any) -> GuardedCursorDebugWrapper:
        return GuardedCursorDebugWrapper(cursor, self)

    def _set_autocommit(self, autocommit: bool) -> None:
        if autocommit:
            super()._set_autocommit(True)

    def _savepoint(self, sid: str) -> None:
        if self.connection.pgconn.transaction_status == TransactionStatus.IDLE:
            super()._savepoint(sid)
            return
        # Before path and role are set: where the role is missing, what was done before is not lost with it.
        required()
        self._send(self.ops.savepoint_create_sql(sid))

    def _savepoint_rollback(self, sid: str) -> None:
        # Sent as it is: in a failed transaction nothing else is accepted, and the rollback may undo a SET LOCAL.
        self._pinned = self._pinned_for = None
        self._send(self.ops.savepoint_rollback_sql(sid))

    def _savepoint_commit(self, sid: str) -> None:
        # Django releases a savepoint after rolling back to it, too; a role that is missing must not get in the way.
        self._send(self.ops.savepoint_commit_sql(sid))

    def check_constraints(self, table_names: Any = None) -> None:
        if current() is None:
            with public_scope():
                super().check_constraints(table_names)
        else:
            super().check_constraints(table_names)


def _settings_of(scope: Scope) -> str:
    """The statements that make path and role those of a scope; the role is the session's own for the platform."""
    path = f'SET LOCAL search_path TO "{scope.schema_name}"'
    if not settings.ISP_ROLES:
        return path
    is_own = scope.is_public or scope.as_owner
    return f"{path}; SET LOCAL role TO {'DEFAULT' if is_own else scope.schema_name}"


def _is_quiet(connection: Any) -> bool:
    """Whether an idle connection is open, and nothing has come in: no end of file, no last word of the server."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLERR | select.POLLHUP)
    return not poll.poll(0)
