"""Django's settings: everything that differs between installations comes from the environment.

A variable that is missing or wrong is reported by the system checks (config/checks.py), all of them at once
and by name, instead of one traceback after the other. Names carry their units."""

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import dj_database_url
from environs import Env, validate
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.observing.logs import LEVELS, logging_config

from .postgres import Connection
from .validators import (
    NOT_NEGATIVE,
    POSITIVE,
    are_networks,
    are_ports,
    is_absolute,
    is_postgres_url,
    is_valkey_url,
    is_writable_folder,
)

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env(eager=False)

# --- Who answers, and where
SECRET_KEY = env.str("SECRET_KEY", validate=validate.Length(min=32)) or ""
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", []) or []
DEBUG = env.bool("DEBUG", False)
PUBLIC_URL = (
    env.str("PUBLIC_URL", validate=validate.URL(schemes={"http", "https"}, require_tld=False)) or ""
).rstrip("/")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", validate=validate.Length(min=1)) or []
IS_HTTPS = PUBLIC_URL.startswith("https://")

# --- What it stands on
DATABASE_URL = env.str("DATABASE_URL", validate=is_postgres_url)
DATABASE_STATEMENT_TIMEOUT_MS = env.int("DATABASE_STATEMENT_TIMEOUT_MS", 5_000, validate=NOT_NEGATIVE)
DATABASE_POOL_MAX = env.int("DATABASE_POOL_MAX", 16, validate=POSITIVE)
DATABASES = {"default": dj_database_url.parse(DATABASE_URL or "postgres://", conn_health_checks=True)}
DATABASES["default"]["OPTIONS"] = DATABASES["default"].get("OPTIONS", {}) | {
    # reconnect_timeout bounds the backoff: when Postgres is back the pool is, within seconds.
    "pool": {
        "connection_class": Connection,
        "min_size": 1,
        "max_size": DATABASE_POOL_MAX,
        "timeout": 2,
        "max_waiting": 64,
        "reconnect_timeout": 1.5,
    },
    # A request that waits longer than its caller would is better ended. A migration may set 0: no limit.
    "options": f"-c statement_timeout={DATABASE_STATEMENT_TIMEOUT_MS} -c lock_timeout=2000"
    " -c idle_in_transaction_session_timeout=10000 -c jit=off",
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

VALKEY_URL = env.str("VALKEY_URL", validate=is_valkey_url)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": VALKEY_URL or "",
        # Caches fail open and at once: redis-py's own retries would take seconds.
        "OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2, "retry": Retry(NoBackoff(), 0)},
    }
}

# --- Where bytes live: S3 where a bucket is named, files otherwise
S3_BUCKET = env.str("S3_BUCKET", "")
if S3_BUCKET:
    _storage: dict[str, Any] = {
        "BACKEND": "images.storage.S3ObjectStorage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.str("S3_ENDPOINT_URL", None),
            "region_name": env.str("S3_REGION", None),
            # Without keys boto3 looks where it always does: instance roles, profiles.
            "access_key": env.str("S3_ACCESS_KEY_ID", None),
            "secret_key": env.str("S3_SECRET_ACCESS_KEY", None),
        },
    }
else:
    STORAGE_ROOT = env.path("STORAGE_ROOT", validate=is_absolute)
    _storage = {"BACKEND": "images.storage.DiskObjectStorage", "OPTIONS": {"location": STORAGE_ROOT}}
STORAGES: dict[str, dict[str, Any]] = {
    "originals": _storage,
    "renditions": _storage,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# How long deleted bytes stay. Every other age here is longer than a request and its retries can take.
DELETED_GRACE_S = env.int("DELETED_GRACE_S", 604_800, validate=NOT_NEGATIVE)
UPLOAD_ABANDONED_AFTER_S = env.int("UPLOAD_ABANDONED_AFTER_S", 900, validate=validate.Range(min=60))
ORPHAN_MIN_AGE_S = env.int("ORPHAN_MIN_AGE_S", 86_400, validate=validate.Range(min=3_600))
ORPHAN_SEEN_AGAIN_AFTER_S = env.int("ORPHAN_SEEN_AGAIN_AFTER_S", 3_600, validate=validate.Range(min=60))
TEMP_DIR = env.path("TEMP_DIR", None, validate=is_writable_folder)

# --- Limits: how each was chosen is in docs/decisions.md
MAX_UPLOAD_BYTES = env.int("MAX_UPLOAD_BYTES", 25_000_000, validate=POSITIVE)
MAX_UPLOAD_FILES = env.int("MAX_UPLOAD_FILES", 20, validate=validate.Range(min=1, max=100))  # in one form
MAX_REQUEST_BYTES = env.int(  # all files of a form
    "MAX_REQUEST_BYTES", max(100_000_000, MAX_UPLOAD_BYTES or 0), validate=POSITIVE
)
MAX_IMAGE_PIXELS = env.int("MAX_IMAGE_PIXELS", 50_000_000, validate=validate.Range(min=1, max=100_000_000))
MAX_TOTAL_PIXELS = env.int("MAX_TOTAL_PIXELS", 100_000_000, validate=POSITIVE)
MAX_FRAMES = env.int("MAX_FRAMES", 200, validate=POSITIVE)
MAX_OUTPUT_SIDE_PX = env.int("MAX_OUTPUT_SIDE_PX", 8_192, validate=validate.Range(min=1, max=16_383))
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000  # the text fields of a form, together
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100
# How long the answer to an Idempotency-Key is kept, and how long its work may go on without a sign of life.
IDEMPOTENCY_TTL_S = env.int("IDEMPOTENCY_TTL_S", 86_400, validate=POSITIVE)
IDEMPOTENCY_LEASE_S = env.int("IDEMPOTENCY_LEASE_S", 60, validate=validate.Range(min=10))

# --- Rendering
RENDER_TIMEOUT_S = env.int("RENDER_TIMEOUT_S", 10, validate=validate.Range(min=1, max=60))
RENDER_PROCESSES = env.int("RENDER_PROCESSES", max(1, (os.cpu_count() or 2) // 2), validate=POSITIVE)
# Beyond those that one account may have at once: others are not kept waiting by what it asks for.
RENDER_SPARE_PROCESSES = env.int("RENDER_SPARE_PROCESSES", 1, validate=NOT_NEGATIVE)
RENDER_QUEUE = env.int("RENDER_QUEUE", 8, validate=NOT_NEGATIVE)
RENDER_CHILD_MEMORY_BYTES = env.int(
    "RENDER_CHILD_MEMORY_BYTES", 1_500_000_000, validate=validate.Range(min=256_000_000)
)
# Threads of one web process that may wait for a rendition; the server has more, and those are free for hits.
RENDITION_WAITERS = env.int("RENDITION_WAITERS", 64, validate=POSITIVE)
RENDITION_FAILURE_TTL_S = env.int("RENDITION_FAILURE_TTL_S", 60, validate=NOT_NEGATIVE)
# Zips on their way out of one web process: each holds a thread.
ARCHIVE_STREAMS = env.int("ARCHIVE_STREAMS", 8, validate=POSITIVE)
ARCHIVE_STREAMS_PER_ACCOUNT = env.int("ARCHIVE_STREAMS_PER_ACCOUNT", 2, validate=POSITIVE)
RENDITION_MAX_AGE_S = env.int("RENDITION_MAX_AGE_S", 3_600, validate=NOT_NEGATIVE)

# --- Fetching: how this server asks others for images
FETCH_TIMEOUT_S = env.float("FETCH_TIMEOUT_S", 8, validate=validate.Range(min=0.1, max=60))  # all of a fetch
FETCH_CONNECT_TIMEOUT_S = env.float("FETCH_CONNECT_TIMEOUT_S", 3, validate=validate.Range(min=0.1, max=60))
FETCH_MAX_PER_HOST = env.int("FETCH_MAX_PER_HOST", 4, validate=POSITIVE)  # at once, in one process
FETCH_MAX_PER_ACCOUNT = env.int("FETCH_MAX_PER_ACCOUNT", 8, validate=POSITIVE)
FETCH_PORTS = [int(port) for port in env.list("FETCH_PORTS", ["80", "443"], validate=are_ports) or []]
# Networks that are never asked though they are public, and that are asked though they are not.
_denied: list[str] | None = env.list("FETCH_DENIED_NETWORKS", [], validate=are_networks)
_allowed: list[str] | None = env.list("FETCH_ALLOWED_NETWORKS", [], validate=are_networks)
FETCH_DENIED_NETWORKS = [ip_network(text) for text in _denied or []]
FETCH_ALLOWED_NETWORKS = [ip_network(text) for text in _allowed or []]

# --- Django
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "imagekit",
    "accounts",
    "images",
    "config",
]
MIDDLEWARE = [
    "config.http.middleware.RequestLog",
    "config.http.middleware.DrainBody",
    "config.http.middleware.ProbesByAnyName",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
# The text of a new API key passes through a message, once: in the operator's cookie, never in the database.
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]  # asked from inside, without the proxy
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
# Whether all subdomains of the operator's domain are for HTTPS alone is not for this service to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
LOGGING = logging_config(level=env.str("LOG_LEVEL", "INFO", validate=validate.OneOf(LEVELS)) or "INFO")
LOGGING_CONFIG = "logging.config.dictConfig"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.access.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.access.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "config.http.json_only.AlwaysTheFirst",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.http.problems.answer",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "ProgImage",
    "DESCRIPTION": "Stores images and returns them in any format and size.",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVERS": [{"url": PUBLIC_URL}],
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["config.http.openapi.add_components"],
}
IMAGEKIT_DEFAULT_CACHEFILE_BACKEND = "images.renditions.imagekit_backend.RowBackend"
IMAGEKIT_DEFAULT_CACHEFILE_STRATEGY = "imagekit.cachefiles.strategies.JustInTime"
IMAGEKIT_DEFAULT_FILE_STORAGE = "renditions"

# --- Celery: rows are the truth, messages are hints
CELERY_BROKER_URL = VALKEY_URL
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = {"sweep": {"task": "images.tasks.sweep", "schedule": 60, "options": {"expires": 60}}}
