"""The guarded database backend: no statement without a scope, no ISP's statement outside a transaction.

Search paths are only ever set with SET LOCAL, so nothing of one transaction is left on the server's connection for the
next one. That makes the backend safe behind a pooler in transaction mode. See docs/decisions/0001.
"""

from typing import Any

from django.db.backends.utils import CursorDebugWrapper, CursorWrapper
from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantsDatabaseWrapper
from psycopg.pq import TransactionStatus

from core.scope import OutsideTransaction, current, public_scope, required


class _GuardMixin:
    """Pins the search path right before each statement, whichever way the statement is sent."""

    db: "DatabaseWrapper"

    def execute(self, sql: Any, params: Any = None) -> Any:
        self.db.pin_scope()
        return super().execute(sql, params)  # type: ignore[misc]

    def executemany(self, sql: Any, param_list: Any) -> Any:
        self.db.pin_scope()
        return super().executemany(sql, param_list)  # type: ignore[misc]

    def callproc(self, procname: Any, params: Any = None, kparams: Any = None) -> Any:
        self.db.pin_scope()
        return super().callproc(procname, params, kparams)  # type: ignore[misc]

    def __getattr__(self, name: str) -> Any:
        if name in {"copy", "stream"}:
            self.db.pin_scope()
        return super().__getattr__(name)  # type: ignore[misc]


class GuardedCursorWrapper(_GuardMixin, CursorWrapper):
    pass


class GuardedCursorDebugWrapper(_GuardMixin, CursorDebugWrapper):
    pass


class DatabaseWrapper(TenantsDatabaseWrapper):
    """PostgreSQL through psycopg, with the scope of `core.scope` enforced on every statement.

    psycopg stays in autocommit mode; BEGIN and the search path travel together as one simple query when the first
    statement of a transaction comes, which costs the same round trip as psycopg's own lazy BEGIN.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._pinned: str | None = None
        super().__init__(*args, **kwargs)
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

    def pin_scope(self) -> None:
        """Make the server's search path that of the current scope, in a round trip only where it has to change.

        Raises NoScope and OutsideTransaction.
        """
        scope = required()
        if self.get_autocommit():
            if not scope.is_public:
                raise OutsideTransaction("An ISP's tables are reached inside transaction.atomic() only.")
            return
        if self.connection.info.transaction_status == TransactionStatus.IDLE:
            self._send(f'BEGIN; SET LOCAL search_path TO "{scope.schema_name}"')
        elif self._pinned != scope.schema_name:
            self._send(f'SET LOCAL search_path TO "{scope.schema_name}"')
        self._pinned = scope.schema_name

    def _send(self, sql: str) -> None:
        with self.wrap_database_errors:
            self.connection.execute(sql)

    def _cursor(self, name: str | None = None) -> Any:
        self.ensure_connection()
        with self.wrap_database_errors:
            return self._prepare_cursor(self.create_cursor(name))

    def create_cursor(self, name: str | None = None) -> Any:
        if name is None:
            return super().create_cursor()
        # Holdable only outside a transaction: a held cursor outlives the commit and with it the search path.
        cursor = super().create_cursor(name)
        cursor._withhold = self.get_autocommit()
        return cursor

    def make_cursor(self, cursor: Any) -> GuardedCursorWrapper:
        return GuardedCursorWrapper(cursor, self)

    def make_debug_cursor(self, cursor: Any) -> GuardedCursorDebugWrapper:
        return GuardedCursorDebugWrapper(cursor, self)

    def _set_autocommit(self, autocommit: bool) -> None:
        if autocommit:
            super()._set_autocommit(True)

    def _savepoint_rollback(self, sid: str) -> None:
        # Sent as it is: in a failed transaction nothing else is accepted, and the rollback may undo a SET LOCAL.
        self._pinned = None
        self._send(self.ops.savepoint_rollback_sql(sid))

    def check_constraints(self, table_names: Any = None) -> None:
        if current() is None:
            with public_scope():
                super().check_constraints(table_names)
        else:
            super().check_constraints(table_names)
