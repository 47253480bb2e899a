"""Spare schemas, made ahead of time, so that a new ISP need not wait for its tables."""

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Func, TextField

from core.scope import public_scope
from tenants.models import SpareSchema, new_schema_name
from tenants.releases import current_release
from tenants.template import build_template, replay_template

_REFILLING = 7_310_202  # advisory lock: one process fills the pool at a time


def claim_spare() -> str | None:
    """Take a spare schema of the current release out of the pool, in the current transaction; None: there is none.

    The spare is the caller's once the transaction commits, and back in the pool if it does not.
    """
    spares = SpareSchema.objects.filter(release=current_release())
    # One whose schema or role is missing is left to the janitor.
    namespace = Func(F("schema_name"), function="to_regnamespace", output_field=TextField())
    role = Func(F("schema_name"), function="to_regrole", output_field=TextField())
    if settings.ISP_ROLES:
        spares = spares.alias(role=role).filter(role__isnull=False)
    with public_scope():
        spare = (
            spares.alias(namespace=namespace)
            .filter(namespace__isnull=False)
            .select_for_update(skip_locked=True)
            .order_by("pk")
            .first()
        )
        if spare is None:
            return None
        spare.delete()
        return spare.schema_name


def refill(*, size: int | None = None) -> int:
    """Make spares until the pool has `size` (SPARE_SCHEMAS) of the current release; how many were made.

    Each spare is a transaction of its own, with its row: a process killed here leaves whole spares. Of two that run at
    once, one stops.
    """
    size = settings.SPARE_SCHEMAS if size is None else size
    if size <= 0 or not build_template().ddl:
        return 0
    made = 0
    while _made_one(size):
        made += 1
    return made


@transaction.atomic
def _made_one(size: int) -> bool:
    with public_scope():
        with connection.cursor() as cursor:
            # Held until the commit, so that no one else counts while a spare is being made.
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_REFILLING])
            (alone,) = cursor.fetchone()
        release = current_release()
        if not alone or SpareSchema.objects.filter(release=release).count() >= size:
            return False
        name = new_schema_name()
        replay_template(name)
        SpareSchema.objects.create(schema_name=name, release=release)
        return True
