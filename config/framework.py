"""Settings of Django and its applications that are the same in every installation.

Settings that an operator may change are in config/settings.py, which includes these."""

from typing import Any

from progimage import __version__

# --- Django
INSTALLED_APPS = [
    "accounts.apps.OperatorAdminConfig",
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
    "config.http.unread_bodies.DrainBody",
    "config.http.middleware.BodyHeaders",
    "config.http.large_responses.LargeResponses",
    "config.http.text_encoding.TextEncoding",
    "config.http.middleware.ProbesByAnyName",
    "config.http.redirects.KeepMethod",
    "django.middleware.security.SecurityMiddleware",
    "config.http.static_files.StaticFiles",
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
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGGING_CONFIG = "logging.config.dictConfig"
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
# The admin shows a new API key in a message. Cookies keep that message out of the database.
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
LOGIN_REDIRECT_URL = "admin:index"
PASSWORD_HASHERS = ["accounts.logins.hashing.BoundedHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000  # bytes of all text fields in one form
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100

# --- Security headers and cookies; those that depend on HTTPS are in config/settings.py
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_SAMESITE = "Strict"
# Orchestrators send these requests from inside, without the TLS proxy.
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]
# HSTS for all subdomains, and the preload list, are decisions about the operator's whole domain.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# --- Django REST framework and drf-spectacular
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.access.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.access.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "config.http.json_only.JsonOnly",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.http.problems.handle_exception",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "ProgImage",
    "DESCRIPTION": "Stores images and returns them in any format and size.",
    "VERSION": __version__,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["config.http.openapi.finish"],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}

# --- ImageKit
IMAGEKIT_DEFAULT_CACHEFILE_BACKEND = "images.renditions.imagekit_backend.RowBackend"
IMAGEKIT_DEFAULT_CACHEFILE_STRATEGY = "imagekit.cachefiles.strategies.JustInTime"
IMAGEKIT_DEFAULT_FILE_STORAGE = "renditions"

# --- Celery: rows in Postgres are the truth; a message is a hint that may be lost
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Celery's default of 100 attempts ends the worker after 46 minutes. None waits for ever.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "images.tasks.sweep",
        "schedule": 60,
        "options": {"expires": 60},
    },
    "waiting renditions": {
        "task": "images.tasks.send_waiting",
        "schedule": 60,
        "options": {"expires": 60},
    },
    "overviews": {
        "task": "images.tasks.make_overviews",
        "schedule": 60,
        "options": {"expires": 60},
    },
}
