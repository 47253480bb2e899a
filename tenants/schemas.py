"""Making, migrating and removing the schema of an ISP."""

from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from core.scope import SCHEMA_NAME, IspLike, ScopeError, isp_scope, public_scope
from tenants.models import ISP
from tenants.releases import current_release, tenant_labels


def create_schema(isp: ISP) -> None:
    """Make the ISP's schema and its tables in the current transaction: all of it or, after an error, nothing."""
    with public_scope(), connection.cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA "{_checked(isp.schema_name)}"')
    migrate_schema(isp)
    isp.release = current_release()
    with public_scope():
        isp.save(update_fields=["release"])


def migrate_schema(isp: IspLike) -> None:
    """Bring the ISP's tables to the current release, in one transaction."""
    with isp_scope(isp), transaction.atomic():
        executor = MigrationExecutor(connection)
        labels = tenant_labels()
        targets = [node for node in executor.loader.graph.leaf_nodes() if node[0] in labels]
        executor.migrate(targets)


def drop_schema(isp: IspLike) -> None:
    """Remove the ISP's schema and everything in it, if it is there."""
    with public_scope(), connection.cursor() as cursor:
        cursor.execute(f'DROP SCHEMA IF EXISTS "{_checked(isp.schema_name)}" CASCADE')


def _checked(name: str) -> str:
    if not SCHEMA_NAME.fullmatch(name):
        raise ScopeError("Not a schema name made by the server.")
    return name
