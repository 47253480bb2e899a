"""The second lock: a PostgreSQL role for each schema, of the same name, that may use this schema and no other.

A role is made and dropped in the transaction that makes or drops its schema. Tables belong to whom the database URL
names, who may act as each role; `core.db` does so for each transaction of an ISP. Roles belong to the whole server, so
each says in a comment which database it was made for. See docs/decisions/0004.
"""

import logging
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection, transaction

from core.scope import public_scope

logger = logging.getLogger(__name__)

_MENDING = 7_310_203  # advisory lock: one process mends roles at a time
_ROWS, _NUMBERS = "SELECT, INSERT, UPDATE, DELETE", "USAGE, SELECT, UPDATE"
_CREATE = """
CREATE ROLE "{name}" NOLOGIN ROLE CURRENT_USER;
COMMENT ON ROLE "{name}" IS {label};
"""
_GRANT = f"""
GRANT USAGE ON SCHEMA "{{name}}" TO "{{name}}";
ALTER DEFAULT PRIVILEGES IN SCHEMA "{{name}}" GRANT {_ROWS} ON TABLES TO "{{name}}";
ALTER DEFAULT PRIVILEGES IN SCHEMA "{{name}}" GRANT {_NUMBERS} ON SEQUENCES TO "{{name}}";
"""
# For a schema that has tables already.
_GRANT_OLD = f"""
GRANT {_ROWS} ON ALL TABLES IN SCHEMA "{{name}}" TO "{{name}}";
GRANT {_NUMBERS} ON ALL SEQUENCES IN SCHEMA "{{name}}" TO "{{name}}";
"""
_LACKING = """
SELECT n.nspname, r.oid IS NULL FROM pg_namespace n LEFT JOIN pg_roles r ON r.rolname = n.nspname
 WHERE n.nspname IN (SELECT schema_name FROM tenants_isp UNION ALL SELECT schema_name FROM tenants_spareschema)
   AND (r.oid IS NULL OR NOT has_schema_privilege(r.oid, n.oid, 'USAGE'))
   AND (%(name)s::text IS NULL OR n.nspname = %(name)s)
 ORDER BY 1
"""
# Another database of this server may be a copy of ours and go on using the role. From PostgreSQL 16 on only who made
# a role may drop it, which may have been a database user of before.
_DROPPABLE = """
(current_setting('server_version_num')::int < 160000 OR pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION'))
   AND NOT EXISTS (SELECT FROM pg_shdepend s WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = r.oid
                      AND s.dbid <> 0 AND s.dbid <> (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
# Roles without a schema are few; all else is asked of these alone, or the server would compare each role with each.
_LEFT_BEHIND = f"""
WITH r AS MATERIALIZED (
  SELECT oid, rolname FROM pg_roles
   WHERE rolname ~ '^t_[0-9a-f]{{12}}$' AND NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = rolname)
     AND (%(name)s::text IS NULL OR rolname = %(name)s))
SELECT rolname FROM r WHERE shobj_description(oid, 'pg_authid') = %(label)s AND {_DROPPABLE} ORDER BY 1
"""  # noqa: S608 - no values


def making_role(schema_name: str) -> str:
    """The statements that make the role of a new schema; they come before those that make its tables."""
    return _filled(_CREATE + _GRANT, schema_name) if settings.ISP_ROLES else ""


def drop_role(schema_name: str) -> None:
    """Drop the role of a schema that is gone, if there is one, it is ours and no other database uses it."""
    with public_scope(), connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM pg_roles r WHERE rolname = %s AND {_DROPPABLE}", [schema_name])  # noqa: S608
        if cursor.fetchone() is not None:
            cursor.execute(f'DROP ROLE "{schema_name}"')


def mend() -> tuple[list[str], list[str]]:
    """Make what roles of ISPs and spares lack, and drop roles whose schema is gone; the names of both.

    A transaction for each, which looks again. So an installation from before the roles comes to have them, too.
    """
    with public_scope():
        lacking = [name for name, _ in _ask(_LACKING)] if settings.ISP_ROLES else []
        made = [name for name in lacking if _mended(name)]
        dropped = [name for (name,) in _ask(_LEFT_BEHIND) if _dropped(name)]
    for name in made:
        logger.warning("The role %s was missing or had no rights; it has them now.", name)
    for name in dropped:
        logger.warning("Removed the role %s, whose schema is gone.", name)
    return made, dropped


@transaction.atomic
def _mended(name: str) -> bool:
    found = _alone(_LACKING, name)
    if not found:
        return False
    ((_, is_missing),) = found
    with public_scope(), connection.cursor() as cursor:
        cursor.execute(_filled((_CREATE if is_missing else "") + _GRANT + _GRANT_OLD, name))
    return True


@transaction.atomic
def _dropped(name: str) -> bool:
    if not _alone(_LEFT_BEHIND, name):
        return False
    drop_role(name)
    return True


def _alone(query: str, name: str) -> list[tuple[Any, ...]]:
    """The answer about one name, once nobody else is mending."""
    _ask("SELECT pg_advisory_xact_lock(%(lock)s)")
    return _ask(query, name)


def _ask(query: str, name: str | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"name": name, "label": _label(), "lock": _MENDING})
        return list(cursor.fetchall())


def _label() -> str:
    return f"Lastmile: {connection.settings_dict['NAME']}"


def _filled(text: str, name: str) -> str:
    label = connection.ops.compose_sql("%s", [_label()])  # type: ignore[attr-defined]
    return text.format(name=name, label=label)


@register(Tags.database)
def check_rights(databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Whether the database user may make roles. Asks the database where it is among `databases`."""
    if not settings.ISP_ROLES or not databases:
        return []
    with public_scope():
        ((may,),) = _ask("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
    hint = "As its administrator: ALTER ROLE <user> CREATEROLE. Or do without the second lock: ISP_ROLES=0."
    return [] if may else [Error("The database user may not make roles for ISPs.", hint=hint, id="tenants.E001")]
