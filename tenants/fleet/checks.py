"""A system check of migrations: what would break, or hold up, the code that still serves while they run.

`manage.py check --tag migrations`. What cannot be run at all is an error. The rest are warnings, which a migration
answers with an attribute `safe_because = "…"` once somebody has thought about it.
"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import connection, migrations
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED, Field

from tenants.fleet.capture import needs_no_transaction

Finding = tuple[str, str, str]  # number, what is wrong, what to do

_SECOND_STEP = "Stop using it in one release and remove it in the next, then say so: safe_because = '…'."
_NEW_AND_OLD = "Add the new one, fill it, move the code over, and remove the old one in a later release."


@register("migrations")
def check_migrations(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The findings in the migrations of the tenant apps and of our own platform apps. Asks no database."""
    wanted = {config.label for config in app_configs or apps.get_app_configs()}
    labels = wanted & {config.label for config in apps.get_app_configs() if _is_ours(config.name)}
    graph = MigrationLoader(None).graph
    state, messages = ProjectState(), []
    seen: dict[tuple[str, str], None] = {}
    for leaf in sorted(graph.leaf_nodes()):
        seen.update(dict.fromkeys(graph.forwards_plan(leaf)))
    for key in seen:
        migration = graph.nodes[key]
        if key[0] in labels:
            messages += _messages(migration, state)
        state = migration.mutate_state(state, preserve=False)
    return messages


def _is_ours(name: str) -> bool:
    """Tenant apps, wherever they come from, and the platform's own apps."""
    return name in settings.TENANT_APPS or name in {"core", "tenants", "domains"}


def _messages(migration: Migration, state: ProjectState) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    is_answered = bool(getattr(migration, "safe_because", ""))
    new: set[str] = set()  # models made in this very migration, which no old code knows
    state = state.clone()
    for operation in migration.operations:
        where = f"{migration.app_label}.{migration.name}: {operation.describe()}"
        if needs_no_transaction(operation):
            hint = "Use the plain operation: the tables of one ISP are small, and only that ISP's writes wait."
            messages.append(Error(f"{where} cannot run inside a transaction.", hint=hint, id="migrations.E001"))
        elif not is_answered:
            for number, what, hint in _findings(operation, migration.app_label, state, new):
                messages.append(Warning(f"{where}: {what}", hint=hint, id=f"migrations.W00{number}"))
        operation.state_forwards(migration.app_label, state)
        if isinstance(operation, migrations.CreateModel):
            new.add(operation.name_lower)
    return messages


def _findings(operation: Operation, label: str, state: ProjectState, new: set[str]) -> Iterator[Finding]:
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        for inner in operation.database_operations:
            yield from _findings(inner, label, state, new)
        return
    table = getattr(operation, "model_name_lower", None) or getattr(operation, "name_lower", "")
    if table in new or getattr(operation, "old_name_lower", "") in new:
        return
    if isinstance(operation, migrations.RemoveField | migrations.DeleteModel):
        yield "1", "the code that still serves reads it.", _SECOND_STEP
    elif isinstance(operation, migrations.RenameField | migrations.RenameModel | migrations.AlterModelTable):
        yield "2", "the code that still serves knows it by its old name.", _NEW_AND_OLD
    elif isinstance(operation, migrations.AddField):
        yield from _added(operation.field)
    elif isinstance(operation, migrations.AlterField):
        old = state.models[label, table].fields.get(operation.name)
        if old is not None:
            yield from _altered(old, operation.field)
    elif isinstance(operation, migrations.AddIndex | migrations.AddConstraint):
        yield _held_up()


def _added(field: "Field[Any, Any]") -> Iterator[Finding]:
    if field.many_to_many:
        return
    if not field.null and field.db_default is NOT_PROVIDED:
        hint = "Give it a db_default, or make it nullable."
        yield "3", "rows written by the code that still serves have no value for it.", hint
    if _is_indexed(field):
        yield _held_up()


def _altered(old: "Field[Any, Any]", new: "Field[Any, Any]") -> Iterator[Finding]:
    if _type(old) != _type(new) and not _is_wider(old, new):
        yield (
            "4",
            "the table is written anew under a lock, and the code that still serves sends the old type.",
            _NEW_AND_OLD,
        )
    if old.null and not new.null:
        yield "4", "the code that still serves writes NULL.", "Fill it and stop writing NULL a release before."
    if _is_indexed(new) and not _is_indexed(old):
        yield _held_up()


def _type(field: "Field[Any, Any]") -> str | None:
    # A relation in a migration names its target; without the target's model there is no type to compare.
    return field.get_internal_type() if field.is_relation else field.db_type(connection)


def _is_wider(old: "Field[Any, Any]", new: "Field[Any, Any]") -> bool:
    """Whether PostgreSQL only notes a longer limit, or none, and touches no row."""
    texts = {"CharField", "SlugField", "EmailField", "URLField", "TextField"}
    if not {old.get_internal_type(), new.get_internal_type()} <= texts or old.max_length is None:
        return False
    return new.max_length is None or new.get_internal_type() == "TextField" or new.max_length >= old.max_length


def _is_indexed(field: "Field[Any, Any]") -> bool:
    return field.unique or bool(getattr(field, "db_index", False))


def _held_up() -> Finding:
    hint = (
        "Fine up to some hundred thousand rows at one ISP: say so with safe_because = '…'. Else do it at a quiet hour."
    )
    return "5", "writes to the table wait while all its rows are read.", hint
