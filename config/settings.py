"""Settings that an operator may change, read from the environment.

The system checks in config/checks.py report every missing or wrong variable by its name, all at once.
Names carry their units. Settings that never vary are in config/framework.py."""

import os
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from environs import Env, validate
from redis.backoff import NoBackoff
from redis.retry import Retry

from . import framework
from .database_connection import Connection
from .database_url import is_postgres_url, is_postgres_url_or_empty, parse_database_url, with_parameters
from .framework import *  # noqa: F403 - Django reads all settings from this one module
from .observing.logs import LEVELS, logging_config
from .validators import (
    NOT_NEGATIVE,
    POSITIVE,
    are_networks,
    are_parameters,
    are_ports,
    is_absolute,
    is_http_url,
    is_public_url,
    is_valkey_url,
    is_writable_folder,
)

# When a variable is wrong, a lazy Env returns None and goes on; config/checks.py collects the errors.
env = Env(eager=False)

# --- Addresses and secrets
SECRET_KEY = env.str("SECRET_KEY", validate=validate.Length(min=32)) or ""
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", []) or []
DEBUG = env.bool("DEBUG", False)
_public_url = env.str("PUBLIC_URL", validate=is_public_url)
PUBLIC_URL = (_public_url or "").rstrip("/")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", validate=validate.Length(min=1)) or []
# Proxies whose X-Forwarded-For names the client's address. Without them it is the connection's.
_trusted_proxies: list[str] | None = env.list("TRUSTED_PROXIES", [], validate=are_networks)
TRUSTED_PROXIES = [ip_network(text) for text in _trusted_proxies or []]
LOGGING = logging_config(level=env.str("LOG_LEVEL", "INFO", validate=validate.OneOf(LEVELS)) or "INFO")
SPECTACULAR_SETTINGS = framework.SPECTACULAR_SETTINGS | {"SERVERS": [{"url": PUBLIC_URL}]}

# --- Security that depends on HTTPS
IS_HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_SECURE = IS_HTTPS
# A proxy may pass a Host without the port, or with a name of its own. Browsers send the origin that they see.
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SECURE_SSL_REDIRECT = IS_HTTPS
# Without it, the redirect goes to the host that the request names.
SECURE_SSL_HOST = urlsplit(PUBLIC_URL).netloc
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0

# --- Postgres
DATABASE_URL = env.str("DATABASE_URL", validate=is_postgres_url)
# A request that runs longer than its client waits should end. A migration may set 0, for no limit.
DATABASE_STATEMENT_TIMEOUT_MS = env.int("DATABASE_STATEMENT_TIMEOUT_MS", 5_000, validate=NOT_NEGATIVE)
DATABASE_POOL_MAX = env.int("DATABASE_POOL_MAX", 16, validate=POSITIVE)  # connections per process
# Connections of one web process for images past Django, and for API keys (images/fast_path). 0: Django asks.
FAST_PATH_CONNECTIONS = env.int("FAST_PATH_CONNECTIONS", 8, validate=NOT_NEGATIVE)
# The parameters of each session. The first three bound how long a request can hold what others wait for.
DATABASE_LIMITS_MS = {
    "statement_timeout": DATABASE_STATEMENT_TIMEOUT_MS or 0,
    "lock_timeout": 2_000,
    "idle_in_transaction_session_timeout": 10_000,
}
_parameters = {name: str(limit_ms) for name, limit_ms in DATABASE_LIMITS_MS.items()}
# psycopg reads dates and intervals in these styles alone. A server or a role may have others.
_parameters |= {"DateStyle": "ISO", "IntervalStyle": "postgres", "jit": "off"}
DATABASES = {"default": with_parameters(parse_database_url(DATABASE_URL or "postgres://"), _parameters)}
DATABASES["default"]["OPTIONS"]["pool"] = {
    "connection_class": Connection,
    "min_size": 1,
    "max_size": DATABASE_POOL_MAX,
    "timeout": 2,
    "max_waiting": 64,
    # Bounds the backoff, so that the pool recovers within seconds when Postgres does.
    "reconnect_timeout": 1.5,
}

# Past a pooler, for the notifications of changes (images/delivery/change_listener.py). Empty is DATABASE_URL.
DATABASE_LISTEN_URL = env.str("DATABASE_LISTEN_URL", "", validate=is_postgres_url_or_empty) or ""

# --- Valkey: the cache, and Celery's messages
VALKEY_URL = env.str("VALKEY_URL", validate=is_valkey_url)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": VALKEY_URL or "",
        "OPTIONS": {
            "socket_timeout": 0.2,
            "socket_connect_timeout": 0.2,
            # The cache fails open, and at once. The default retries of redis-py would take seconds.
            "retry": Retry(NoBackoff(), 0),
        },
    }
}
CELERY_BROKER_URL = VALKEY_URL
if VALKEY_URL and VALKEY_URL.startswith("rediss://"):
    # Without it Celery's transport would accept every certificate. Options in the URL stand in its place.
    CELERY_BROKER_USE_SSL = {"ssl_cert_reqs": "required"}

# --- Storage: S3 if a bucket is named, otherwise files
S3_BUCKET = env.str("S3_BUCKET", "")
if S3_BUCKET:
    _storage: dict[str, Any] = {
        "BACKEND": "images.storage.S3ObjectStorage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            # Empty values are the defaults: an override of docker-compose.yml can empty a variable.
            "endpoint_url": env.str("S3_ENDPOINT_URL", None, validate=is_http_url) or None,
            "region_name": env.str("S3_REGION", None) or None,
            # Without keys boto3 looks in its usual places: instance roles, profiles.
            "access_key": env.str("S3_ACCESS_KEY_ID", None),
            "secret_key": env.str("S3_SECRET_ACCESS_KEY", None),
        },
    }
else:
    STORAGE_ROOT = env.path("STORAGE_ROOT", validate=is_absolute)
    _storage = {
        "BACKEND": "images.storage.DiskObjectStorage",
        "OPTIONS": {"location": STORAGE_ROOT},
    }
STORAGES: dict[str, dict[str, Any]] = {
    "originals": _storage,
    "renditions": _storage,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
TEMP_DIR = env.path("TEMP_DIR", None, validate=is_writable_folder)

# --- Ages
# The bytes of a deleted image stay for this time.
DELETED_GRACE_S = env.int("DELETED_GRACE_S", 604_800, validate=NOT_NEGATIVE)
# The next three must be longer than a request and its retries can take.
# The sweep ends an upload that is still pending after this time.
UPLOAD_ABANDONED_AFTER_S = env.int("UPLOAD_ABANDONED_AFTER_S", 900, validate=validate.Range(min=60))
# `reconcile` removes an object without a row at this age, if two runs this far apart have seen it.
ORPHAN_MIN_AGE_S = env.int("ORPHAN_MIN_AGE_S", 86_400, validate=validate.Range(min=3_600))
ORPHAN_SEEN_AGAIN_AFTER_S = env.int("ORPHAN_SEEN_AGAIN_AFTER_S", 3_600, validate=validate.Range(min=60))
# The response to an Idempotency-Key is kept for the TTL. If an attempt does not renew its lease in time,
# a retry takes over.
IDEMPOTENCY_TTL_S = env.int("IDEMPOTENCY_TTL_S", 86_400, validate=POSITIVE)
IDEMPOTENCY_LEASE_S = env.int("IDEMPOTENCY_LEASE_S", 60, validate=validate.Range(min=10))

# --- Limits: docs/decisions.md has the reason for each number
MAX_UPLOAD_BYTES = env.int("MAX_UPLOAD_BYTES", 25_000_000, validate=POSITIVE)
MAX_UPLOAD_FILES = env.int("MAX_UPLOAD_FILES", 20, validate=validate.Range(min=1, max=100))  # in one form
_max_form_bytes = max(100_000_000, MAX_UPLOAD_BYTES or 0)
MAX_REQUEST_BYTES = env.int("MAX_REQUEST_BYTES", _max_form_bytes, validate=POSITIVE)  # all files of one form
MAX_IMAGE_PIXELS = env.int("MAX_IMAGE_PIXELS", 50_000_000, validate=validate.Range(min=1, max=100_000_000))
MAX_TOTAL_PIXELS = env.int("MAX_TOTAL_PIXELS", 100_000_000, validate=POSITIVE)  # over all frames
MAX_FRAMES = env.int("MAX_FRAMES", 200, validate=POSITIVE)
MAX_OUTPUT_SIDE_PX = env.int("MAX_OUTPUT_SIDE_PX", 8_192, validate=validate.Range(min=1, max=16_383))

# --- Slow clients
# At most this many threads of one web process wait for bodies, or for readers of large responses.
SLOW_CLIENTS = env.int("SLOW_CLIENTS", 64, validate=POSITIVE)
# After the grace a body must arrive, and a response must be read, at this rate. No body may take longer than
# BODY_TIMEOUT_S at any rate.
CLIENT_GRACE_S = env.float("CLIENT_GRACE_S", 10, validate=validate.Range(min=1, max=600))
CLIENT_MIN_BYTES_PER_S = env.int("CLIENT_MIN_BYTES_PER_S", 8_000, validate=POSITIVE)
BODY_TIMEOUT_S = env.float("BODY_TIMEOUT_S", 900, validate=validate.Range(min=1))

# --- Rendering
# CPU time of a decode or a render. It may take twice as long by the clock, on a busy machine.
RENDER_TIMEOUT_S = env.int("RENDER_TIMEOUT_S", 10, validate=validate.Range(min=1, max=60))
# While other accounts wait, one account renders in at most this many child processes at once.
RENDER_PROCESSES = env.int("RENDER_PROCESSES", max(1, (os.cpu_count() or 2) // 2), validate=POSITIVE)
# When one account keeps all of those busy, other accounts render in these. It borrows them while none waits.
RENDER_SPARE_PROCESSES = env.int("RENDER_SPARE_PROCESSES", 1, validate=NOT_NEGATIVE)
RENDER_CHILD_MEMORY_BYTES = env.int(
    "RENDER_CHILD_MEMORY_BYTES",
    1_500_000_000,
    validate=validate.Range(min=256_000_000),
)
# At most this many threads of one web process wait for renders, three quarters of them for one account. The
# other threads stay free for hits.
RENDITION_WAITERS = env.int("RENDITION_WAITERS", 128, validate=POSITIVE)
# After a failed render, requests for that rendition get the same error for this time.
RENDITION_FAILURE_TTL_S = env.int("RENDITION_FAILURE_TTL_S", 60, validate=NOT_NEGATIVE)
# The max-age of Cache-Control, if the URL of the rendition has no `v`.
RENDITION_MAX_AGE_S = env.int("RENDITION_MAX_AGE_S", 3_600, validate=NOT_NEGATIVE)
# Reduced copies of large originals, from which later renditions are decoded.
OVERVIEWS = env.bool("OVERVIEWS", True)
# Parameters that trackers add to links. Unsigned GETs of images pass over them. A * at the end stands for any
# ending.
_TRACKERS = [
    "utm_*", "fbclid", "gclid", "gclsrc", "gbraid", "wbraid", "dclid", "msclkid", "yclid", "ttclid", "twclid",
    "igshid", "li_fat_id", "mc_cid", "mc_eid", "_ga", "_gl", "srsltid",
]  # fmt: skip
IGNORED_PARAMETERS: list[str] = env.list("IGNORED_PARAMETERS", _TRACKERS, validate=are_parameters) or []
# Images of the last seconds that a web process sends again without asking Postgres. 0 switches it off.
HOT_CACHE_BYTES = env.int("HOT_CACHE_BYTES", 64_000_000, validate=NOT_NEGATIVE)
# Zips that one web process sends at once. Each holds a thread.
ARCHIVE_STREAMS = env.int("ARCHIVE_STREAMS", 8, validate=POSITIVE)
ARCHIVE_STREAMS_PER_ACCOUNT = env.int("ARCHIVE_STREAMS_PER_ACCOUNT", 2, validate=POSITIVE)

# --- Fetching images from other servers
# The first timeout is for a whole fetch. The two maxima count the fetches that one process makes at once.
FETCH_TIMEOUT_S = env.float("FETCH_TIMEOUT_S", 8, validate=validate.Range(min=0.1, max=60))
FETCH_CONNECT_TIMEOUT_S = env.float("FETCH_CONNECT_TIMEOUT_S", 3, validate=validate.Range(min=0.1, max=60))
FETCH_MAX_PER_HOST = env.int("FETCH_MAX_PER_HOST", 4, validate=POSITIVE)
FETCH_MAX_PER_ACCOUNT = env.int("FETCH_MAX_PER_ACCOUNT", 8, validate=POSITIVE)
_ports: list[str] | None = env.list("FETCH_PORTS", ["80", "443"], validate=are_ports)
FETCH_PORTS = [int(port) for port in _ports or []]
# Public networks to which no request is sent, and private networks to which requests may be sent.
_denied_networks: list[str] | None = env.list("FETCH_DENIED_NETWORKS", [], validate=are_networks)
_allowed_networks: list[str] | None = env.list("FETCH_ALLOWED_NETWORKS", [], validate=are_networks)
FETCH_DENIED_NETWORKS = [ip_network(text) for text in _denied_networks or []]
FETCH_ALLOWED_NETWORKS = [ip_network(text) for text in _allowed_networks or []]
