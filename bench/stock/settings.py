"""Stock django-tenants: its backend, its middleware, its router, and the tenant apps of Lastmile."""

from bench.column.release import MIGRATIONS
from bench.settings_plain import *  # noqa: F403
from bench.settings_plain import DATABASES, MIDDLEWARE
from core.settings import PAGE_APPS, SHARED_APPS, TENANT_APPS

DATABASES["default"]["ENGINE"] = "django_tenants.postgresql_backend"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
SHARED_APPS = ["django_tenants", "bench.stock", *SHARED_APPS]
TENANT_APPS = [*TENANT_APPS, "bench.column"]
INSTALLED_APPS = [*SHARED_APPS, *[app for app in TENANT_APPS if app not in SHARED_APPS], *PAGE_APPS]
MIGRATION_MODULES = {"column": MIGRATIONS}
TENANT_MODEL = "stock.Tenant"
TENANT_DOMAIN_MODEL = "stock.Host"
MIDDLEWARE = ["django_tenants.middleware.main.TenantMainMiddleware", *MIDDLEWARE]
