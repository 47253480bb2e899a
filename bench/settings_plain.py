"""The same apps in one schema, as plain Django has them: its own backend, sessions and middleware, and no tenants."""

from core.settings import *  # noqa: F403
from core.settings import DATABASES, MIDDLEWARE

DATABASES["default"] |= {
    "ENGINE": "django.db.backends.postgresql",
    "ATOMIC_REQUESTS": True,
    "CONN_HEALTH_CHECKS": False,  # Django's default; on, it costs a round trip in each request
}
DATABASE_ROUTERS: list[str] = []
SESSION_ENGINE = "django.contrib.sessions.backends.db"
# Each middleware of ours is replaced by Django's own for the same purpose.
_PLAIN = {
    "domains.middleware.HostMiddleware": "django.middleware.common.CommonMiddleware",
    "core.sessions.SurfaceSessionMiddleware": "django.contrib.sessions.middleware.SessionMiddleware",
    "tenants.authentication.StaffMiddleware": "django.contrib.auth.middleware.AuthenticationMiddleware",
    "subscribers.authentication.PortalUserMiddleware": "django_otp.middleware.OTPMiddleware",
    "core.language.LanguageMiddleware": "django.middleware.locale.LocaleMiddleware",
    "core.requests.TransactionMiddleware": None,
    "core.access.AccessMiddleware": None,
}
MIDDLEWARE = [kept for name in MIDDLEWARE if (kept := _PLAIN.get(name, name))]
ROOT_URLCONF = "bench.pages"
