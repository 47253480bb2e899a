"""The SQL of the tenant apps' migrations, taken down once in a rehearsal and then replayed in each schema.

The rehearsal makes a schema, runs the migrations there in order, and is rolled back. What is broken for everybody shows
there, before any ISP was touched. Where all ISPs are at one release whose template is there, the schema begins as that
and only what is new is run; else it begins with nothing.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.contrib.postgres import operations as postgres
from django.db import DatabaseError, connection, migrations, transaction
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED, Field

from core.scope import owner_scope, public_scope
from tenants.fleet.plan import Key, PartlySquashed, Route, applied_in
from tenants.models import SchemaTemplate, new_schema_name

# Operations whose SQL is the same in every schema. Their subclasses may do anything, so they are not among them.
_PLAIN = {
    migrations.AddConstraint,
    migrations.AddField,
    migrations.AddIndex,
    migrations.AlterField,
    migrations.AlterIndexTogether,
    migrations.AlterModelManagers,
    migrations.AlterModelOptions,
    migrations.AlterModelTable,
    migrations.AlterModelTableComment,
    migrations.AlterOrderWithRespectTo,
    migrations.AlterUniqueTogether,
    migrations.CreateModel,
    migrations.DeleteModel,
    migrations.RemoveConstraint,
    migrations.RemoveField,
    migrations.RemoveIndex,
    migrations.RenameField,
    migrations.RenameIndex,
    migrations.RenameModel,
    postgres.AddConstraintNotValid,
    postgres.ValidateConstraint,
}
_CONSTANT_DEFAULTS = {bool, bytes, dict, float, int, list, set, str, tuple}


class RehearsalFailed(Exception):
    """A migration fails in an empty schema: the text names it, the cause says why."""


class NeedsNoTransaction(Exception):
    """A migration cannot run inside a transaction; the text names it."""


class _Scratch:
    """What a scope asks of an ISP, for a schema that nobody owns."""

    pk = 0
    uuid = UUID(int=0)

    def __init__(self) -> None:
        self.schema_name = new_schema_name()


def is_replayable(operation: Operation) -> bool:
    """Whether the operation is nothing but SQL that is the same for all ISPs."""
    if type(operation) is migrations.SeparateDatabaseAndState:
        return all(is_replayable(inner) for inner in operation.database_operations)
    if type(operation) is migrations.RunSQL:
        return not operation.state_operations
    if isinstance(operation, migrations.AddField | migrations.AlterField):
        return type(operation) in _PLAIN and not _makes_values(operation.field)
    return type(operation) in _PLAIN


def _makes_values(field: "Field[Any, Any]") -> bool:
    """Whether existing rows get a value that code makes anew each time, such as a random key: never one for all."""
    if field.db_default is not NOT_PROVIDED:
        return False
    makes_time = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    return makes_time or (callable(field.default) and field.default not in {NOT_PROVIDED, *_CONSTANT_DEFAULTS})


def needs_no_transaction(operation: Operation) -> bool:
    """Whether the database refuses the operation inside a transaction, as it does CREATE INDEX CONCURRENTLY."""
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        return any(needs_no_transaction(inner) for inner in operation.database_operations)
    if isinstance(operation, migrations.RunSQL):
        return "concurrently" in str(operation.sql).lower()
    return isinstance(operation, postgres.AddIndexConcurrently | postgres.RemoveIndexConcurrently)


def capture(route: Route, releases: Collection[str] = ()) -> dict[Key, str | None]:
    """The SQL of the migrations that ISPs at these releases may lack; None for those that run as Python.

    Leaves nothing in the database. Raises NeedsNoTransaction and RehearsalFailed.
    """
    for key, migration in route.migrations.items():
        if any(needs_no_transaction(operation) for operation in migration.operations):
            raise NeedsNoTransaction(".".join(key))
    scratch = _Scratch()
    with public_scope(), transaction.atomic():
        try:
            with connection.cursor() as cursor:
                cursor.execute(f'CREATE SCHEMA "{scratch.schema_name}"')
            taken = _rehearse(route, scratch, _begun(route, scratch, releases))
        finally:
            transaction.set_rollback(True)
    return {key: sql if sql is None or scratch.schema_name not in sql else None for key, sql in taken.items()}


def _begun(route: Route, scratch: _Scratch, releases: Collection[str]) -> set[Key]:
    """Make the schema what these releases have, if that is one and can be replayed; the migrations that it then has."""
    found = SchemaTemplate.objects.filter(release__in=releases).exclude(ddl="")
    template = found.first() if len(releases) == 1 else None
    if template is None:
        return set()
    try:
        with owner_scope(scratch), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(template.ddl.replace(template.schema_name, scratch.schema_name))
            applied = applied_in(scratch)
            route.lacking(applied)
    except (DatabaseError, PartlySquashed):
        return set()
    return applied


def _rehearse(route: Route, scratch: _Scratch, applied: set[Key]) -> dict[Key, str | None]:
    taken: dict[Key, str | None] = {}
    lacking = [key for key in route.lacking(applied) if not route.is_applied_by_parts(key, applied)]
    if not lacking:
        return taken
    state = route.state_before(lacking[0], applied)
    for key in lacking:
        migration = route.migrations[key]
        with owner_scope(scratch):
            editor = connection.schema_editor(atomic=True)
            statements = _listen(editor)
            try:
                with editor:
                    state = migration.apply(state, editor)
                with connection.cursor() as cursor:
                    # Each migration will be a transaction of its own, at whose end constraints are checked.
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
            except Exception as error:
                raise RehearsalFailed(".".join(key)) from error
        plain = all(is_replayable(operation) for operation in migration.operations)
        taken[key] = ";\n".join(statements) if plain else None
    return taken


def _listen(editor: Any) -> list[str]:
    """Have the editor note each statement, with its parameters filled in, before it runs it."""
    statements: list[str] = []
    run = editor.execute

    def execute(sql: Any, params: Any = ()) -> None:
        text = str(sql) if params is None else connection.ops.compose_sql(str(sql), params)  # type: ignore[attr-defined]
        statements.append(text.strip().rstrip(";"))
        run(text, None)

    editor.execute = execute
    return statements
