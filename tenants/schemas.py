"""Making, migrating and removing the schema of an ISP."""

from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from core.scope import SCHEMA_NAME, IspLike, ScopeError, owner_scope, public_scope
from tenants.models import ISP
from tenants.releases import current_release, tenant_labels
from tenants.schema_roles import drop_role, making_role


def create_schema(isp: ISP) -> None:
    """Give a new ISP its schema with all tables, in the current transaction: all of it or, after an error, nothing.

    A spare is claimed, and the ISP takes its name; without one the release's template is replayed, and without that
    the migrations run.
    """
    from tenants.pool import claim_spare  # these two stand on this module
    from tenants.template import NoTemplate, replay_template

    with public_scope(), transaction.atomic(savepoint=False):
        spare = claim_spare()
        isp.schema_name, isp.release = spare or isp.schema_name, current_release()
        isp.save(update_fields=["schema_name", "release"])
        if spare is None:
            try:
                replay_template(isp.schema_name)
            except NoTemplate:
                create_empty(isp.schema_name)
                migrate_schema(isp)


def create_empty(schema_name: str) -> None:
    """Make a schema with nothing in it, and the role that will reach it."""
    with public_scope(), transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(making(schema_name))


def making(schema_name: str) -> str:
    """The statements that make a schema with nothing in it, and the role that will reach it."""
    return f'CREATE SCHEMA "{_checked(schema_name)}";\n{making_role(schema_name)}'


def migrate_schema(isp: IspLike) -> None:
    """Bring the ISP's tables to the current release, in one transaction."""
    with owner_scope(isp), transaction.atomic():
        executor = MigrationExecutor(connection)
        labels = tenant_labels()
        targets = [node for node in executor.loader.graph.leaf_nodes() if node[0] in labels]
        executor.migrate(targets)


def drop_schema(isp: IspLike) -> None:
    """Remove the ISP's schema with everything in it and its role, if they are there."""
    drop_named(isp.schema_name)


def drop_named(schema_name: str) -> None:
    """Remove a schema with everything in it and its role, if they are there."""
    with public_scope(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f'DROP SCHEMA IF EXISTS "{_checked(schema_name)}" CASCADE')
        drop_role(schema_name)


def _checked(name: str) -> str:
    if not SCHEMA_NAME.fullmatch(name):
        raise ScopeError("Not a schema name made by the server.")
    return name
