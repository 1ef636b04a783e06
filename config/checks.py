"""System checks that report every missing or wrong environment variable by its name, all at once."""

import sys
from collections.abc import Sequence
from functools import cache
from typing import Any, cast

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connection
from environs import EnvValidationError

_SETTINGS = "settings"


@register(_SETTINGS)
def check_environment(**options: Any) -> list[CheckMessage]:
    checks: list[CheckMessage] = []
    for name, messages in _find_wrong_variables().items():
        sentence = f"{name}: {' '.join(messages)}"
        checks.append(Error(sentence, hint=_HINTS.get(name), id="progimage.E001"))
    return checks


@register(_SETTINGS)
def check_s3(**options: Any) -> list[CheckMessage]:
    """Report an access key without its secret, or a secret without its access key.

    boto3 would ignore half a pair and look for credentials elsewhere."""
    if not settings.S3_BUCKET:
        return []
    options = settings.STORAGES["originals"]["OPTIONS"]
    if bool(options["access_key"]) == bool(options["secret_key"]):
        return []
    missing = "S3_SECRET_ACCESS_KEY" if options["access_key"] else "S3_ACCESS_KEY_ID"
    return [Error(f"{missing}: Environment variable not set.", id="progimage.E002")]


@register(Tags.database)
def check_time_limits(databases: Sequence[str] | None = None, **options: Any) -> list[CheckMessage]:
    """Warn if Postgres does not know the time limits of our sessions: PgBouncer drops them."""
    if not databases:
        return []
    lost = find_lost_limits()
    if not lost:
        return []
    return [Warning(lost, hint="docs/deploying.md has the statement that sets them.", id="progimage.W001")]


def find_lost_limits() -> str:
    """Return a sentence with the time limits that do not hold, or nothing if all do."""
    limits = {name: limit_ms for name, limit_ms in settings.DATABASE_LIMITS_MS.items() if limit_ms}
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting::bigint FROM pg_settings WHERE name = ANY(%s)", [list(limits)])
        actual = dict(cursor.fetchall())
    lost = [name for name, limit_ms in limits.items() if not 0 < actual[name] <= limit_ms]
    if not lost:
        return ""
    return f"Sessions of Postgres run without {', '.join(lost)}: set them for the role of DATABASE_URL."


def stop_if_wrong() -> None:
    """End the process with a sentence for each wrong setting. WSGI servers do not run Django's checks."""
    failures = [*check_environment(), *check_s3()]
    if failures:
        lines = [f"{failure.msg} {failure.hint or ''}".rstrip() for failure in failures]
        sys.exit("\n".join(lines))


_HINTS = {
    "SECRET_KEY": "32 characters at least: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
    "DATABASE_URL": "For example postgres://user:password@host:5432/progimage",
    "VALKEY_URL": "For example redis://host:6379/0",
    "PUBLIC_URL": "The address that clients use, for example https://images.example.com",
    "ALLOWED_HOSTS": "Every host name by which clients reach the server, separated by commas.",
    "STORAGE_ROOT": "The absolute path of a folder. It is needed if S3_BUCKET is not set.",
}


@cache
def _find_wrong_variables() -> dict[str, list[str]]:
    """Return the errors that environs collected, by variable. Its `seal` raises them, and only once."""
    from .settings import env

    try:
        env.seal()
    except EnvValidationError as error:
        return dict(cast("dict[str, list[str]]", error.error_messages))
    return {}
