"""Validators of environment variables, for rules that a type and a range do not cover."""

import os
import re
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from environs import ValidationError, validate

POSITIVE = validate.Range(min=1)
NOT_NEGATIVE = validate.Range(min=0)

_PARAMETER = re.compile(r"[\w.-]+\*?", re.ASCII)


def is_postgres_url(text: str) -> None:
    if not text.startswith(("postgres://", "postgresql://")):
        raise ValidationError("Expected postgres://user:password@host:port/name.")
    try:
        dj_database_url.parse(text)
    except (dj_database_url.ParseError, ValueError) as error:
        raise ValidationError("Expected postgres://user:password@host:port/name.") from error


def is_valkey_url(text: str) -> None:
    try:
        parts = urlsplit(text)
        is_valid = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is not a number
        is_valid = False
    if not is_valid:
        raise ValidationError("Expected redis://:password@host:port/0.")


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
