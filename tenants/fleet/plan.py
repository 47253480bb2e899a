"""Who is behind, which migrations there are in which order, and which of them one ISP lacks."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from core.scope import IspLike, owner_scope, public_scope
from tenants.releases import current_release, tenant_labels

Key = tuple[str, str]  # app label and name of a migration

_BEHIND = """
    SELECT id, uuid, slug, schema_name, release, to_regclass(quote_ident(schema_name) || '.django_migrations') IS NULL,
           EXISTS (SELECT FROM tenants_failedmigration WHERE isp_id = tenants_isp.id)
    FROM tenants_isp
    WHERE (release <> %s OR to_regclass(quote_ident(schema_name) || '.django_migrations') IS NULL)
    AND (%s::text IS NULL OR slug = %s::text)
    ORDER BY id
"""


class PartlySquashed(Exception):
    """An ISP has some, not all, of the migrations that a squashed one replaces; the text names it."""


@dataclass(frozen=True, slots=True)
class BehindIsp:
    """An ISP that is not at the release of the running code, or has lost its tables."""

    pk: int
    uuid: UUID
    slug: str
    schema_name: str
    release: str
    is_missing: bool  # the schema, or what Django keeps its records in, is gone
    is_marked: bool  # a migration failed, or the schema was missing; only a run like this one marks and clears it


def behind(slug: str | None = None) -> list[BehindIsp]:
    """All ISPs that need work, or this one if it does, oldest first. One query, however many there are."""
    with public_scope(), connection.cursor() as cursor:
        cursor.execute(_BEHIND, [current_release(), slug, slug])
        return [BehindIsp(*row) for row in cursor.fetchall()]


def applied_in(isp: IspLike) -> set[Key]:
    """The migrations recorded in an ISP's schema, read in the current transaction."""
    with owner_scope(isp), connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        return set(cursor.fetchall())


class Route:
    """The tenant apps' migrations as the running code has them, in the order in which Django applies them."""

    def __init__(self) -> None:
        graph = MigrationLoader(None).graph
        labels = tenant_labels()
        keys: dict[Key, None] = {}
        for leaf in sorted(node for node in graph.leaf_nodes() if node[0] in labels):
            keys.update(dict.fromkeys(graph.forwards_plan(leaf)))
        self.release = current_release()
        self.keys: list[Key] = list(keys)
        self.migrations: dict[Key, Migration] = {key: graph.nodes[key] for key in keys}
        self._states: dict[tuple[Key, frozenset[Key]], ProjectState] = {}
        self._lock = threading.Lock()

    def lacking(self, applied: Iterable[Key]) -> list[Key]:
        """What an ISP with these migrations lacks, in order. Raises PartlySquashed."""
        have = set(applied)
        keys = [key for key in self.keys if key not in have]
        for key in keys:
            replaced = self.migrations[key].replaces
            if have.intersection(replaced) and not have.issuperset(replaced):
                raise PartlySquashed(f"{'.'.join(key)} replaces migrations of which only some are applied.")
        return keys

    def is_applied_by_parts(self, key: Key, applied: Iterable[Key]) -> bool:
        """Whether all migrations that a squashed one replaces are applied, so that it is only recorded."""
        replaced = self.migrations[key].replaces
        return bool(replaced) and set(applied).issuperset(replaced)

    def state_before(self, key: Key, applied: set[Key]) -> ProjectState:
        """The models as an ISP with these migrations has them before the next one; a copy that may be changed."""
        known = frozenset(applied)
        with self._lock:
            state = self._states.get((key, known))
            if state is None:
                state = ProjectState()
                for other in self.keys:
                    if other in known or self.is_applied_by_parts(other, known):
                        state = self.migrations[other].mutate_state(state, preserve=False)
                # Rendered once, then shared: each copy keeps the models.
                state.apps  # noqa: B018
                self._states[key, known] = state
            return state.clone()
