"""Lastmile as it is, with one app more, whose second migration the fleet is measured with."""

from bench.column.release import MIGRATIONS
from core.settings import *  # noqa: F403
from core.settings import INSTALLED_APPS, TENANT_APPS

TENANT_APPS = [*TENANT_APPS, "bench.column"]
INSTALLED_APPS = [*INSTALLED_APPS, "bench.column"]
MIGRATION_MODULES = {"column": MIGRATIONS}
ROOT_URLCONF = "bench.pages"
