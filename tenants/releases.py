"""Which release a schema is at: a short name for the set of migrations that the tenant apps have."""

import hashlib
from functools import lru_cache

from django.apps import apps
from django.conf import settings
from django.db.migrations.loader import MigrationLoader


def tenant_labels() -> set[str]:
    """The labels of the apps whose tables each ISP has."""
    return {config.label for config in apps.get_app_configs() if config.name in settings.TENANT_APPS}


def current_release() -> str:
    """Twelve hex digits that name the tenant apps' migrations in the code that runs; no database is asked.

    Two processes with the same migrations agree on it, and any migration added, removed or renamed changes it.
    """
    return _release(frozenset(tenant_labels()), tuple(sorted(settings.MIGRATION_MODULES.items())))


@lru_cache
def _release(labels: frozenset[str], _modules: tuple[tuple[str, str | None], ...]) -> str:
    graph = MigrationLoader(None).graph
    leaves = sorted(node for node in graph.leaf_nodes() if node[0] in labels)
    nodes = sorted(node for node in graph.nodes if node[0] in labels)
    text = "\n".join(" ".join(".".join(node) for node in part) for part in (leaves, nodes))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
