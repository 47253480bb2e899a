"""Settings of one installation. Everything that differs between installations comes from the environment."""

import os
import secrets
from pathlib import Path

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from redis.backoff import NoBackoff
from redis.retry import Retry

from core import logs, servers

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("LASTMILE_DATA", BASE_DIR / ".data")).resolve()
TESTING = os.environ.get("LASTMILE_TESTING") == "1"
DEMO = os.environ.get("LASTMILE_DEMO") == "1"
DEBUG = False
# Several runs of the suite can share one PostgreSQL and one Redis, each in a slot of its own.
TEST_SLOT = int(os.environ.get("TEST_SLOT", "0"))
TEST_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def secret_key() -> str:
    """The installation's key: from the environment, or made once and kept in the data folder (demo and tests)."""
    if value := os.environ.get("SECRET_KEY"):
        return value
    if not (DEMO or TESTING or "DATABASE_URL" not in os.environ):
        raise ImproperlyConfigured("Set SECRET_KEY to at least 50 random characters.")
    path = DATA_DIR / "secret.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(64))
    return path.read_text()


SECRET_KEY = secret_key()
# Older keys, comma separated, that still open what was signed or encrypted with them.
SECRET_KEY_FALLBACKS = [key for key in os.environ.get("SECRET_KEY_FALLBACKS", "").split(",") if key]

# Where the installation is reached
PLATFORM_DOMAIN = os.environ.get("PLATFORM_DOMAIN", "localhost")
PUBLIC_SCHEME = os.environ.get("PUBLIC_SCHEME", "http" if PLATFORM_DOMAIN == "localhost" else "https")
PUBLIC_PORT = os.environ.get("PUBLIC_PORT", "")  # empty: the scheme's own
# Domains of the ISPs' own
DNS_RESOLVERS = os.environ.get("DNS_RESOLVERS", "").split()  # "ip:port"; the system's where empty
CERTIFICATE_AUTHORITY_DOMAIN = os.environ.get("CERTIFICATE_AUTHORITY_DOMAIN", "letsencrypt.org")  # in CAA records
EDGE_ADDRESSES = os.environ.get("EDGE_ADDRESSES", "").split()  # what an apex's A and AAAA records hold
DOMAIN_GRACE_DAYS = int(os.environ.get("DOMAIN_GRACE_DAYS", "7"))  # between a lost proof and the end
# Where checks of domains reach our own edge, as "ip:port"; empty: the first of EDGE_ADDRESSES, at the scheme's port
_LOOPBACK = f"127.0.0.1:{PUBLIC_PORT or 80}" if PLATFORM_DOMAIN == "localhost" else ""
EDGE_CONNECT = os.environ.get("EDGE_CONNECT", _LOOPBACK)
EDGE_CA_FILE = os.environ.get("EDGE_CA_FILE", "")  # what signs the edge's certificates, where no browser knows it
# The licence plan (tenants.plans) of ISPs for which the operator has chosen none, and the days for which domains beyond
# a smaller plan keep working.
DEFAULT_PLAN = os.environ.get("DEFAULT_PLAN", "pro")
PLAN_GRACE_DAYS = int(os.environ.get("PLAN_GRACE_DAYS", "30"))
SECURE = PUBLIC_SCHEME == "https"
ALLOWED_HOSTS = ["*"]  # `domains.middleware` decides, by looking each host up
USE_X_FORWARDED_HOST = False
BEHIND_PROXY = os.environ.get("BEHIND_PROXY") == "1"  # only a proxy of ours can connect, and it sets X-Forwarded-*
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

SHARED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "django_filters",
    "django_htmx",
    "django_tables2",
    "django_recaptcha",
    "rest_framework",
    "drf_spectacular",
    "template_partials",
    "csp",
    "core",
    "tenants",
    "domains",
]
TENANT_APPS = [
    "django.contrib.sessions",
    "core",
    "company",
    "messaging",
    "subscribers",
    "billing",
    "imports",
    "payments",
    "preinstall",
]
PAGE_APPS = ["portal", "dashboard", "api"]
INSTALLED_APPS = [*SHARED_APPS, *[app for app in TENANT_APPS if app not in SHARED_APPS], *PAGE_APPS]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "domains.middleware.HostMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.requests.TransactionMiddleware",
    "core.sessions.SurfaceSessionMiddleware",
    "portal.preview.PreviewMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "tenants.authentication.StaffMiddleware",
    "subscribers.authentication.PortalUserMiddleware",
    "core.language.LanguageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.access.AccessMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "core.urls.nowhere"
WSGI_APPLICATION = "core.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": ["template_partials.templatetags.partials", "core.templatetags.ui"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "core.context.page",
                "company.context.brand",
                "dashboard.context.frame",
            ],
        },
    }
]


# A database connection is closed after this many seconds, or once it has visited that many ISPs: what the server's
# process remembers of their tables is never given back.
CONN_MAX_AGE = int(os.environ.get("CONN_MAX_AGE", "300"))
CONN_MAX_ISPS = int(os.environ.get("CONN_MAX_ISPS", "100"))
# How many connections the threads of one process share; 0: each thread keeps its own.
DATABASE_POOL = int(os.environ.get("DATABASE_POOL", "0"))
_embedded_database, _embedded_redis = servers.embedded_urls(DATA_DIR)
DATABASE_URL = os.environ.get("DATABASE_URL") or _embedded_database
REDIS_URL = os.environ.get("REDIS_URL") or _embedded_redis
_CONNECTIONS = {"pool": DATABASE_POOL, "max_age": CONN_MAX_AGE, "test_slot": TEST_SLOT}
DATABASES = {"default": servers.database(DATABASE_URL, **_CONNECTIONS)}
# What of it differs for pg_dump where DATABASE_URL leads to a pooler, whose connections it must not be given.
DIRECT_DATABASE = (
    {
        name: value
        for name, value in servers.database(os.environ["DIRECT_DATABASE_URL"], **_CONNECTIONS).items()
        if name in {"NAME", "USER", "PASSWORD", "HOST", "PORT"}
    }
    if os.environ.get("DIRECT_DATABASE_URL")
    else {}
)
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PUBLIC_SCHEMA_NAME = "public"
# Whether an ISP's statements run as a PostgreSQL role of its own, which can reach its schema and no other.
ISP_ROLES = os.environ.get("ISP_ROLES", "1") == "1"
# Migrations of the fleet: seconds that one waits for a lock, how often it is tried, and whether the hosts of an ISP
# where one failed are served ("serve") or answer 503 ("refuse").
MIGRATION_LOCK_TIMEOUT = float(os.environ.get("MIGRATION_LOCK_TIMEOUT", "2"))
MIGRATION_LOCK_ATTEMPTS = int(os.environ.get("MIGRATION_LOCK_ATTEMPTS", "8"))
MIGRATION_FAILED_ISPS = os.environ.get("MIGRATION_FAILED_ISPS", "serve")
# Schemas made ahead of time for new ISPs, and the hours that a schema without an owner is left alone.
SPARE_SCHEMAS = int(os.environ.get("SPARE_SCHEMAS", "5"))
ORPHAN_SCHEMA_HOURS = int(os.environ.get("ORPHAN_SCHEMA_HOURS", "24"))

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_FUNCTION": "core.caching.scoped_key",
        "OPTIONS": {
            "db": 1 + 2 * TEST_SLOT + TEST_WORKER if TESTING else 1,
            # A page does not wait for a cache that is away: one quick second try, then it does without.
            "retry": Retry(NoBackoff(), 1),
            "socket_connect_timeout": 1,
            "socket_timeout": 2,
        },
    }
}

# Celery
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://")
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A task whose worker is gone is given to another one after this time. So no task may take longer, its wait for another
# attempt (a minute at most) included; what has to, holds a core.lease.
TASK_SECONDS = int(os.environ.get("TASK_SECONDS", "600"))
CELERY_TASK_TIME_LIMIT = TASK_SECONDS * 0.8
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": TASK_SECONDS,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "health_check_interval": 10,
}
# Celery would open a connection for each task. Ours live as those of requests do: CONN_MAX_AGE, CONN_MAX_ISPS.
CELERY_DB_REUSE_MAX = 1_000_000
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")
# Work of the platform. What is done for each ISP is registered with core.periodic and handed out by the first of these.
CELERY_BEAT_SCHEDULE = {
    name: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
    for name, task, seconds in [
        ("due-work", "tenants.tasks.hand_out_due_work", 10.0),
        ("claims-due", "domains.tasks.check_due_claims", 10.0),
        ("twins-wanted", "domains.tasks.look_at_wanted_twins", 5.0),
        ("plans-due", "domains.tasks.look_after_due_plans", 60.0),
        ("platform-mail-left-behind", "tenants.tasks.sweep_platform_mail", 60.0),
        ("schemas-missing", "tenants.tasks.check_schemas", 60.0),
        ("sign-ups-left-behind", "tenants.tasks.sweep_sign_ups", 60.0),
        ("spare-schemas", "tenants.tasks.refill_pool", 30.0),
        ("schemas-left-behind", "tenants.tasks.sweep_schemas", 3600.0),
        ("platform-uploads-never-sent", "tenants.tasks.sweep_platform_files", 3600.0),
        ("exports-left-behind", "tenants.tasks.sweep_exports", 600.0),
        ("deletions-due", "tenants.tasks.sweep_deletions", 600.0),
        ("platform-sessions-run-out", "tenants.tasks.sweep_platform_sessions", 86400.0),
    ]
}
# Dotted path of the function that turns a task's ISP id into an ISP, or raises core.celery.RefusedTask. It is told
# whether to look `afresh`, or may answer what it knew a second ago.
TASK_ISP_LOADER = "tenants.directory.open_isp"

# People and passwords
AUTH_USER_MODEL = "tenants.StaffUser"
AUTHENTICATION_BACKENDS = ["tenants.authentication.StaffBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name", "username"]},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
SESSION_ENGINE = "core.sessions"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
COOKIE_PREFIX = "__Host-" if SECURE else ""
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "core.errors.csrf_failure"
OTP_TOTP_ISSUER = "Lastmile"

# Browser
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, "'unsafe-inline'"],
        "img-src": [SELF, "data:", "blob:"],
        "worker-src": [SELF, "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

# Captcha
CAPTCHA_COST = int(os.environ.get("CAPTCHA_COST", "10" if TESTING else "5000"))  # rounds for each key that is tried
RECAPTCHA_DOMAIN = os.environ.get("RECAPTCHA_DOMAIN", "www.google.com")  # of the verifier, with port
SILENCED_SYSTEM_CHECKS = ["django_recaptcha.recaptcha_test_key_error", "urls.W005"]

# Gateways of payments: their addresses, and the seconds that a call of one may take
_NOBODY = "http://127.0.0.1:9"  # tests reach no gateway but one of their own
STRIPE_API_BASE = os.environ.get("STRIPE_API_BASE", _NOBODY if TESTING else "https://api.stripe.com")
MERCADO_PAGO_API_BASE = os.environ.get("MERCADO_PAGO_API_BASE", _NOBODY if TESTING else "https://api.mercadopago.com")
GATEWAY_RETRIES = 0 if TESTING else 2  # of calls that came to nothing on the network, with the same key
GATEWAY_TIMEOUT = float(os.environ.get("GATEWAY_TIMEOUT", "10"))
# Channels of messages: their addresses, and networks that are not public where channels may be reached all the same,
# such as that of a message centre behind a VPN ("10.8.0.0/16 …").
TWILIO_API_BASE = os.environ.get("TWILIO_API_BASE", _NOBODY if TESTING else "https://api.twilio.com")
WHATSAPP_API_BASE = os.environ.get("WHATSAPP_API_BASE", _NOBODY if TESTING else "https://graph.facebook.com/v21.0")
CHANNEL_NETWORKS = os.environ.get("CHANNEL_NETWORKS", "127.0.0.0/8" if TESTING else "").split()
# Services beside those of the browsers' makers that notifications may be handed to ("host host:port …").
PUSH_SERVICES = os.environ.get("PUSH_SERVICES", "").split()
# Whether subscribers are offered a gateway whose keys are those of its test mode, where no money moves.
GATEWAY_TEST_MODE = os.environ.get("GATEWAY_TEST_MODE", "0") == "1"

# Languages and files
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
LANGUAGE_COOKIE_NAME = "language"
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT", DATA_DIR / "static"))
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
NODE_MODULES = Path(os.environ.get("NODE_MODULES", BASE_DIR / "node_modules"))
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("tabler", NODE_MODULES / "@tabler" / "core" / "dist"),
    ("htmx", NODE_MODULES / "htmx.org" / "dist"),
    ("altcha", NODE_MODULES / "altcha" / "dist"),
]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = TESTING  # every test client would go through all files first
MEDIA_ROOT = Path(os.environ.get("MEDIA_ROOT", DATA_DIR / "files"))
UPLOAD_LIMIT = 10 * 1024 * 1024  # bytes, of one file
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_HANDLERS = [
    "core.uploads.CappedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_NUMBER_FILES = 10

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("EMAIL_USE_TLS") == "1"
EMAIL_TIMEOUT = 10
# What an ISP puts into the SPF record of its domain, so that our mail server may send for it.
MAIL_SPF = os.environ.get("MAIL_SPF", f"include:_spf.{PLATFORM_DOMAIN}")
# The domain in which each mail of an ISP has an address of its own to come back to; empty: none has.
BOUNCE_DOMAIN = os.environ.get("BOUNCE_DOMAIN", "").strip().rstrip(".").lower()
# PEM files with which the server that they come back to offers STARTTLS; empty: it offers none.
BOUNCE_CERTIFICATE = os.environ.get("BOUNCE_CERTIFICATE", "")
BOUNCE_KEY = os.environ.get("BOUNCE_KEY", "")
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", f"no-reply@{PLATFORM_DOMAIN}")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {"TITLE": "Lastmile", "VERSION": "1", "SERVE_INCLUDE_SCHEMA": False}
DJANGO_TABLES2_TEMPLATE = "components/table.html"
FORM_RENDERER = "core.forms.Renderer"

LOGGING = logs.to_the_console(level=os.environ.get("LOG_LEVEL", "WARNING"))
