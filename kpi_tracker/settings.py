"""The one settings file. Only environment variables differ between installations; README lists them."""

from pathlib import Path
from typing import Any

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured
from kombu import Exchange, Queue

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY and (key_file := VAR_DIR / "secret_key").exists():
    # Made by the demo, so that the other commands work beside it.
    SECRET_KEY = key_file.read_text().strip()
if not SECRET_KEY:
    raise ImproperlyConfigured("Set SECRET_KEY to a long random text (`make demo` makes its own under var/).")
PORT = env.int("PORT", default=8000)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=False)
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

INSTALLED_APPS = [
    "kpi_tracker.orgs",
    "kpi_tracker.sales",
    "kpi_tracker.kpis",
    "kpi_tracker.rollups",
    "goals",
    "dashboards",
    "integrations",
    "kpi_tracker.demo",
    "kpi_tracker.admin_config.SiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Tokens in pages are masked anew in each, and the lengths are blurred: nothing is learnt from how well a page compresses.
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "dashboards.live.LiveMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "kpi_tracker.orgs.middleware.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "kpi_tracker.orgs.middleware.ScopeMiddleware",
]

ROOT_URLCONF = "kpi_tracker.urls"
WSGI_APPLICATION = "kpi_tracker.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboards.navigation.navigation",
            ],
        },
    },
]

# Database: SQLite under var/ unless DATABASE_URL names a PostgreSQL.
DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'kpi_tracker.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000; PRAGMA temp_store=MEMORY;",
    }
    # Tests use a file, not memory: several processes and threads share it.
    DATABASES["default"]["TEST"] = {"NAME": VAR_DIR / "test.sqlite3"}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# W040: SQLite leaves out the covering columns of an index, which is fine there.
# security.W005, W021: whether subdomains and browsers' lists promise HTTPS is for the owner of the domain to say.
SILENCED_SYSTEM_CHECKS = ["models.W040", "security.W005", "security.W021"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Jobs and cache: Redis where REDIS_URL is set, else files under var/ and a table, for one machine.
REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL, "KEY_PREFIX": "kpi_tracker"}}
    CELERY_BROKER_URL = REDIS_URL
    # Nothing waits for Redis to deliver again what a killed worker had taken: beat finds what is unfinished. Long, for a worker whose
    # clock is ahead would be given what another is at.
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {"visibility_timeout": 6 * 3600}
    REFRESH_SECONDS = 0.25
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}
    CELERY_BROKER_URL = "filesystem://"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(VAR_DIR / "queue"),
        "data_folder_out": str(VAR_DIR / "queue"),
        "control_folder": str(VAR_DIR / "control"),
        "polling_interval": 0.1,
    }
    REFRESH_SECONDS = 1.0
# `live`: short jobs that somebody waits for. `bulk`: all others. `celery`: what a version with one queue has sent. A worker takes those
# that it is told to (--queues), or all.
CELERY_TASK_QUEUES = [Queue(name, Exchange(name), routing_key=name) for name in ("live", "bulk", "celery")]
CELERY_TASK_DEFAULT_QUEUE = CELERY_TASK_DEFAULT_EXCHANGE = CELERY_TASK_DEFAULT_ROUTING_KEY = "bulk"
CELERY_TASK_ROUTES = {"kpi_tracker.rollups.tasks.refresh_*": {"queue": "live"}}
CELERY_TIMEZONE = "UTC"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "kpi_tracker.beat:Scheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
_recompute = "kpi_tracker.rollups.tasks.recompute_recent"
CELERY_BEAT_SCHEDULE = {
    # Cells follow edits within a second, however the edit was made.
    "refresh": {"task": "kpi_tracker.rollups.tasks.refresh_all", "schedule": REFRESH_SECONDS},
    # A rebuild goes on where its messages were lost.
    "rebuilds": {"task": "kpi_tracker.rollups.tasks.resume_rebuilds", "schedule": 15.0},
    # Stored local days follow the organisation's time zone, however that was changed.
    "zones": {"task": "kpi_tracker.sales.tasks.follow_time_zones", "schedule": 60.0},
    # Recent buckets are recomputed whole and a sample of all is checked, so that no fault of ours could last.
    "daily": {"task": _recompute, "schedule": crontab(hour=2, minute=10), "args": ("day", 2)},
    "weekly": {"task": _recompute, "schedule": crontab(hour=2, minute=30, day_of_week=1), "args": ("week", 5)},
    "monthly": {"task": _recompute, "schedule": crontab(hour=3, minute=0, day_of_month=1), "args": ("month", 13)},
    "verify": {"task": "kpi_tracker.rollups.tasks.verify_sample", "schedule": crontab(hour=4, minute=0)},
    # Large imports go on where a worker was killed or a message was lost; files that nobody wants any more go.
    "imports": {"task": "integrations.tasks.follow_imports", "schedule": 30.0},
    "stale uploads": {"task": "integrations.tasks.remove_stale_uploads", "schedule": crontab(hour=3, minute=40)},
    # Organisations lie in different zones: each hour some day begins, and the days of some month have gone by.
    "close": {"task": "kpi_tracker.rollups.tasks.close_months", "schedule": crontab(minute=20)},
    "goals": {"task": "goals.tasks.begin_days", "schedule": crontab(minute=10)},
}

# Files that are imported: how large one may be; up to where it goes in while the person waits, and not as a job; how long one is kept that
# nobody confirms.
IMPORT_MOST_BYTES = env.int("IMPORT_MOST_MB", default=200) * 1024**2
IMPORT_MOST_ROWS = 1_000_000
IMPORT_AT_ONCE_BYTES = 1024**2
IMPORT_KEEP_DAYS = 14

AUTH_USER_MODEL = "orgs.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "kpi_tracker.orgs.accounts.ClosedSignup"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        # Plotly sets styles on the elements that it draws.
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    },
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("sv", "Svenska"), ("fi", "Suomi")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": env.str("STATICFILES_BACKEND", default="whitenoise.storage.CompressedManifestStaticFilesStorage")},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "integrations.authentication.ApiTokenAuthentication",
    ],
    # Nothing is open by default: each view names its permission.
    "DEFAULT_PERMISSION_CLASSES": ["kpi_tracker.orgs.permissions.Nobody"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "kpi_tracker.api_errors.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "KPI Tracker API",
    "VERSION": "1",
    "DESCRIPTION": "Records in, KPI values and series out. One token belongs to one organisation.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "CostCategoryEnum": "kpi_tracker.sales.models.CostCategory",
        "LeadDirectionEnum": "kpi_tracker.sales.models.Lead.Direction",
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
}
