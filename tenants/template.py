"""The template of a release: the statements of its migrations, recorded once and replayed for each new schema.

A template is one row of text; replaying it needs nothing but the database. See docs/decisions/0002.
"""

import logging
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction

from core.scope import current, owner_scope, public_scope
from tenants import schemas
from tenants.compact import compact
from tenants.fingerprint import contents, fingerprint
from tenants.models import SchemaTemplate, new_schema_name
from tenants.releases import current_release

logger = logging.getLogger(__name__)

_BUILDING = 7_310_201  # advisory lock: one process builds a template at a time
_ASKS_CATALOGUE = re.compile(
    r'\s*select\b[^;]*(\bpg_class|\bpg_catalog|\binformation_schema|"django_migrations")[^;]*;?\s*', re.I
)
_OUTSIDE = "They ask for something outside the schema that they make."
_SAVEPOINT = re.compile(r"\s*(release )?savepoint\b", re.I)
_INSTANT = re.compile(r"'\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^']*'")


class NotRepeatable(Exception):
    """These migrations give each schema something of its own, so their statements cannot be recorded."""


class NoTemplate(Exception):
    """The current release has no template, or one that cannot be replayed."""


@dataclass(frozen=True, slots=True)
class Unowned:
    """A schema that no ISP has yet, to enter its scope with. Each says that it is another ISP, which none is."""

    schema_name: str
    pk: int = field(default_factory=lambda: -1 - secrets.randbelow(2**60))
    uuid: UUID = field(default_factory=uuid4)


def build_template() -> SchemaTemplate:
    """The template of the current release; made where there is none yet, in one transaction.

    Migrates twice in schemas that are rolled back, replays the text in a third one and compares. Migrations that do not
    come out the same get a row without text and with the reason; then each ISP is migrated by itself.
    """
    release = current_release()
    with public_scope(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_BUILDING])
        known = SchemaTemplate.objects.filter(release=release).first()
        if known:
            return known
        template = SchemaTemplate(release=release, schema_name=new_schema_name())
        try:
            template.ddl = _verified(template.schema_name)
        except NotRepeatable as reason:
            template.why_not = str(reason)[:300]
            logger.warning("The schema of release %s cannot be replayed: %s", release, reason)
        template.save()
        return template


def replay_template(schema_name: str) -> None:
    """Make the schema with all tables and rows of the current release, in the current transaction.

    Raises NoTemplate, and DatabaseError where the schema is there already.
    """
    with public_scope():
        found = SchemaTemplate.objects.filter(release=current_release()).exclude(ddl="")
        template = found.values_list("ddl", "schema_name").first()
    if template is None:
        raise NoTemplate
    _replay(*template, schema_name)


def _replay(ddl: str, old_name: str, schema_name: str) -> None:
    # The template's name is random and occurs in no other sense, so replacing it as text is safe.
    text = schemas.making(schema_name) + ddl.replace(old_name, schema_name)
    with owner_scope(Unowned(schema_name)), connection.cursor() as cursor:
        cursor.execute(text)


def _verified(name: str) -> str:
    """The text that makes the schema `name`, tried out. Raises NotRepeatable."""
    first, made, rows = _undone(lambda: _migrated(name))
    other = new_schema_name()
    second, _, rows_again = _undone(lambda: _migrated(other))
    if _INSTANT.sub("''", _text(first)) != _INSTANT.sub("''", _text(second).replace(other, name)):
        raise NotRepeatable("They write something different each time, such as random values.")
    # Rows that hold points in time or values made by the server are not the same twice.
    same = {table: digest for table, digest in rows.items() if digest == rows_again[table]}
    for text in dict.fromkeys((_text(compact(first)), _text(first))):
        difference = _difference(text, name, made, same)
        if not difference:
            return text
    raise NotRepeatable(difference)


def _text(statements: list[str]) -> str:
    return "".join(f"{statement}\n;\n" for statement in statements)


def _difference(ddl: str, name: str, made: list[str], rows: dict[str, str]) -> str:
    """How a schema that is replayed from the text differs from what was made, in words; empty if it does not."""
    try:
        replayed, rows_replayed = _undone(lambda: _replayed(ddl, name, new_schema_name()))
    except Exception as error:
        return f"Replaying raises {type(error).__name__}."
    if replayed != made:
        kinds = sorted({line.split(" ", 1)[0] for line in set(replayed) ^ set(made)})
        return f"A replayed schema differs in: {', '.join(kinds)}."
    wrong = [table for table in rows if rows[table] != rows_replayed[table]]
    return f"A replayed schema has other rows in: {', '.join(sorted(wrong))}." if wrong else ""


def _replayed(ddl: str, old_name: str, schema_name: str) -> tuple[list[str], dict[str, str]]:
    _replay(ddl, old_name, schema_name)
    return fingerprint(schema_name), contents(schema_name)


def _undone(work: Callable[[], Any]) -> Any:
    """What `work` returns, and nothing of what it did."""
    with transaction.atomic():
        result = work()
        transaction.set_rollback(True)
    return result


def _migrated(name: str) -> tuple[list[str], list[str], dict[str, str]]:
    """Make a schema by the migrations; the statements that did it, and what came out."""
    recorder = _Recorder(name)
    schemas.create_empty(name)
    try:
        with connection.execute_wrapper(recorder):
            schemas.migrate_schema(Unowned(name))
    except Exception as error:
        if recorder.objection == _OUTSIDE:
            raise NotRepeatable(_OUTSIDE) from error
        raise
    if recorder.objection:
        raise NotRepeatable(recorder.objection)
    return recorder.statements, fingerprint(name), contents(name)


class _Recorder:
    """Writes down each statement as it is sent, with its values put in."""

    def __init__(self, schema_name: str) -> None:
        self.schema_name = schema_name
        self.statements: list[str] = []
        self.objection = ""

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        scope = current()
        if scope is None or scope.schema_name != self.schema_name:
            self.objection = _OUTSIDE
        rows = list(params) if many else params
        mogrify = context["cursor"].cursor.mogrify
        texts = [mogrify(sql, row) for row in rows] if many else [mogrify(sql, rows)]
        try:
            result = execute(sql, rows, many, context)
        except Exception:
            # What a savepoint undoes cannot be told from what stays.
            self.objection = self.objection or "A statement of theirs fails and they go on."
            raise
        self.statements += [
            text for text in texts if not _ASKS_CATALOGUE.fullmatch(text) and not _SAVEPOINT.match(text)
        ]
        return result
