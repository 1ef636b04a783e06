"""Validators of environment variables, for rules that a type and a range do not cover."""

import os
import re
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from environs import ValidationError, validate

POSITIVE = validate.Range(min=1)
NOT_NEGATIVE = validate.Range(min=0)
_PARAMETER = re.compile(r"[\w.-]+\*?", re.ASCII)
# The options that both the cache and Celery's transport read in the same way.
_VALKEY_OPTIONS = {
    "ssl_ca_certs": ".+",
    "ssl_ca_path": ".+",
    "ssl_certfile": ".+",
    "ssl_keyfile": ".+",
    "ssl_cert_reqs": "required|optional|none",
    "ssl_check_hostname": "true|false",
}
_VALKEY_OPTION_NAMES = ", ".join(_VALKEY_OPTIONS)


def is_valkey_url(text: str) -> None:
    try:
        parts = urlsplit(text)
        is_valid = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:  # the port is not a number
        is_valid = False
    if not is_valid:
        raise ValidationError("Expected redis://:password@host:port/0.")
    if options and parts.scheme == "redis":
        raise ValidationError("Expected options after the question mark only with rediss://.")
    for name, value in options.items():
        if not re.fullmatch(_VALKEY_OPTIONS.get(name, "(?!)"), value):
            raise ValidationError(f"Expected {_VALKEY_OPTION_NAMES} as options but received {name}={value}.")


def is_public_url(text: str) -> None:
    """Raise ValidationError for anything but an origin. The paths of the API begin at its root."""
    _check_http_url(text, example="https://images.example.com")
    rest = text.partition("://")[2].removesuffix("/")
    if any(character in rest for character in "/?#@"):
        raise ValidationError(
            "Expected an address without path, query, fragment and user: ProgImage answers at the root of a "
            "host. Give it a host name of its own, for example https://images.example.com."
        )


def is_http_url(text: str | None) -> None:
    if text:
        _check_http_url(text, example="https://s3.example.com")


def _check_http_url(text: str, *, example: str) -> None:
    try:
        parts = urlsplit(text)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is not a number
        is_valid = False
    if not is_valid:
        raise ValidationError(f"Expected http:// or https:// and a host, for example {example}.")


def is_absolute(path: Path) -> None:
    if not path.is_absolute():
        raise ValidationError("Expected an absolute path.")


def is_writable_folder(path: Path | None) -> None:
    if path is None:
        return
    if not (path.is_dir() and os.access(path, os.W_OK)):
        raise ValidationError("Expected a folder that exists and that the server may write to.")


def are_networks(texts: list[str]) -> None:
    try:
        for text in texts:
            ip_network(text)
    except ValueError as error:
        raise ValidationError("Expected networks such as 10.0.0.0/8,fd00::/8.") from error


def are_ports(texts: list[str]) -> None:
    if not all(text.isdecimal() and 0 < int(text) < 65_536 for text in texts):
        raise ValidationError("Expected ports such as 80,443.")


def are_parameters(texts: list[str]) -> None:
    if not all(_PARAMETER.fullmatch(text) for text in texts):
        raise ValidationError("Expected names of parameters such as utm_*,fbclid.")
