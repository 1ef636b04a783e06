"""System checks of the environment: every missing or wrong variable by its name, all of them at once."""

import sys
from functools import cache
from typing import Any, cast

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from environs import EnvValidationError

_SETTINGS = "settings"


@register(_SETTINGS)
def check_environment(**_: Any) -> list[CheckMessage]:
    return [
        Error(f"{name}: {' '.join(messages)}", hint=_HINTS.get(name), id="progimage.E001")
        for name, messages in _wrong_variables().items()
    ]


@register(_SETTINGS)
def check_s3(**_: Any) -> list[CheckMessage]:
    """Half a pair of keys is a slip: boto3 would ignore it and look elsewhere."""
    if not settings.S3_BUCKET:
        return []
    options = settings.STORAGES["originals"]["OPTIONS"]
    if bool(options["access_key"]) == bool(options["secret_key"]):
        return []
    missing = "S3_SECRET_ACCESS_KEY" if options["access_key"] else "S3_ACCESS_KEY_ID"
    return [Error(f"{missing}: Environment variable not set.", id="progimage.E002")]


def stop_if_wrong() -> None:
    """End the process with one sentence for each wrong setting: servers do not run Django's checks."""
    wrong = [*check_environment(), *check_s3()]
    if wrong:
        sys.exit("\n".join(f"{error.msg} {error.hint or ''}".rstrip() for error in wrong))


_HINTS = {
    "SECRET_KEY": "32 characters at least: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
    "DATABASE_URL": "For example postgres://user:password@host:5432/progimage",
    "VALKEY_URL": "For example redis://host:6379/0",
    "PUBLIC_URL": "The address by which applications reach this, for example https://images.example.com",
    "ALLOWED_HOSTS": "The host names in PUBLIC_URL and in front of it, with commas between them.",
    "STORAGE_ROOT": "An absolute path of a folder, where S3_BUCKET is not set.",
}


@cache
def _wrong_variables() -> dict[str, list[str]]:
    """What environs collected while the settings were read. Only sealing tells, and it tells once."""
    from .settings import env

    try:
        env.seal()
    except EnvValidationError as error:
        return dict(cast("dict[str, list[str]]", error.error_messages))
    return {}
