"""Finds schemas that nobody owns. ISPs that have lost theirs are found by `tenants.fleet.report.check_schemas`.

A schema and the row that owns it (ISP or spare) are made in one transaction, and one query here sees both at one
instant. So what is still being made is seen not at all, and a schema without a row is what somebody's hand left.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from core.scope import public_scope
from tenants import schema_roles
from tenants.models import OrphanSchema, SchemaTemplate, SpareSchema
from tenants.releases import current_release
from tenants.schemas import drop_named

logger = logging.getLogger(__name__)

_ORPHANS = """
SELECT nspname FROM pg_namespace n
 WHERE nspname ~ '^t_[0-9a-f]{12}$'
   AND NOT EXISTS (SELECT FROM tenants_isp WHERE schema_name = n.nspname)
   AND NOT EXISTS (SELECT FROM tenants_spareschema WHERE schema_name = n.nspname)
 ORDER BY nspname
"""
_WITHOUT_SCHEMA = "NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = schema_name)"


@dataclass
class Swept:
    """What one round found; names of schemas, and slugs of ISPs."""

    removed: list[str] = field(default_factory=list)  # orphans that had been seen long enough
    stale: list[str] = field(default_factory=list)  # spares of older releases, removed
    waiting: list[str] = field(default_factory=list)  # orphans that are still given time
    roles_made: list[str] = field(default_factory=list)  # what ISPs and spares lacked
    roles_dropped: list[str] = field(default_factory=list)  # whose schema was gone


def sweep(*, at: datetime) -> Swept:
    """Remove spares of older releases and schemas that have belonged to nobody for ORPHAN_SCHEMA_HOURS; tell the rest.

    Roles are brought in line with schemas at the end.

    Every removal is a transaction of its own that looks again before it drops.
    """
    found = Swept()
    with public_scope():
        found.stale = [spare.schema_name for spare in _stale_spares() if _dropped_spare(spare.pk)]
        _forget_empty_spares()
        before = at - timedelta(hours=settings.ORPHAN_SCHEMA_HOURS)
        for name in _noted_orphans(at):
            (found.removed if _dropped_orphan(name, before) else found.waiting).append(name)
    found.roles_made, found.roles_dropped = schema_roles.mend()
    _tell(found)
    return found


def _stale_spares() -> list[SpareSchema]:
    """Those of releases before this one. While a new release comes up, the old one leaves the new one's alone."""
    mine = SchemaTemplate.objects.filter(release=current_release()).first()
    if mine is None:
        return []
    newer = SchemaTemplate.objects.filter(created_at__gte=mine.created_at).values("release")
    return list(SpareSchema.objects.exclude(release__in=newer))


@transaction.atomic
def _dropped_spare(pk: int) -> bool:
    """False where it has been claimed in the meantime."""
    spare = SpareSchema.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
    if spare is None:
        return False
    drop_named(spare.schema_name)
    spare.delete()
    return True


def _forget_empty_spares() -> None:
    for spare in SpareSchema.objects.extra(where=[_WITHOUT_SCHEMA]):  # noqa: S610
        if _dropped_spare(spare.pk):
            logger.error("The spare schema %s was gone; its row is removed.", spare.schema_name)


@transaction.atomic
def _noted_orphans(at: datetime) -> list[str]:
    names = _orphans()
    OrphanSchema.objects.exclude(schema_name__in=names).delete()
    OrphanSchema.objects.bulk_create(
        [OrphanSchema(schema_name=name, found_at=at) for name in names], ignore_conflicts=True
    )
    return names


def _orphans() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_ORPHANS)
        return [name for (name,) in cursor.fetchall()]


@transaction.atomic
def _dropped_orphan(name: str, before: datetime) -> bool:
    note = (
        OrphanSchema.objects.select_for_update(skip_locked=True).filter(schema_name=name, found_at__lte=before).first()
    )
    if note is None or name not in _orphans():
        return False
    drop_named(name)
    note.delete()
    return True


def _tell(found: Swept) -> None:
    for name in found.stale:
        logger.info("Removed the spare schema %s of an older release.", name)
    for name in found.removed:
        logger.warning("Removed the schema %s, which belonged to nobody.", name)
    for name in found.waiting:
        logger.warning("The schema %s belongs to nobody; it is removed unless somebody claims it.", name)
