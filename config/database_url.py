"""DATABASE_URL, and the settings that Django makes its connections by."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import dj_database_url
import psycopg
from environs import ValidationError
from psycopg.conninfo import make_conninfo

_EXPECTED = "Expected postgres://user:password@host:port/name."
_CONNECT_TIMEOUT_S = 5


def is_postgres_url(text: str) -> None:
    """Raise ValidationError if connections cannot be made by this URL."""
    if not text.startswith(("postgres://", "postgresql://")):
        raise ValidationError(_EXPECTED)
    try:
        database = parse_database_url(text)
    except (dj_database_url.ParseError, ValueError) as error:
        raise ValidationError(_EXPECTED) from error
    if not database["NAME"]:
        raise ValidationError(f"{_EXPECTED} The name of the database is missing.")
    try:
        make_conninfo(**database["OPTIONS"])
    except psycopg.Error as error:
        message = str(error).strip().replace("\n", " ")
        raise ValidationError(
            f"Expected only parameters of libpq after the question mark: {message}."
        ) from error


def is_postgres_url_or_empty(text: str) -> None:
    """Raise ValidationError for a URL by which connections cannot be made."""
    if text:
        is_postgres_url(text)


def parse_database_url(url: str) -> dict[str, Any]:
    """Return Django's settings for the URL. Several hosts are tried in turn; each may have a port."""
    head, hosts, tail = _split_hosts(url)
    database: dict[str, Any] = dict(dj_database_url.parse(f"{head}{tail}", conn_health_checks=True))
    options: dict[str, Any] = dict(database.get("OPTIONS", {}))
    if hosts:
        names, ports = zip(*(_split_port(host) for host in hosts.split(",")), strict=True)
        database["HOST"] = ",".join(names)
        database["PORT"] = ports[0] if len(set(ports)) == 1 else ",".join(ports)
    # A cursor on the server would be lost between two transactions of PgBouncer.
    database["DISABLE_SERVER_SIDE_CURSORS"] = True
    database["OPTIONS"] = {name: _as_text(value) for name, value in options.items()}
    return database


def with_parameters(database: dict[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings with these parameters of each session. Those of the URL's own `options` win."""
    own = " ".join(f"-c {name}={value}" for name, value in parameters.items())
    from_url = database["OPTIONS"].get("options", "")
    options = {
        "connect_timeout": str(_CONNECT_TIMEOUT_S),
        **database["OPTIONS"],
        "options": f"{own} {from_url}".strip(),
    }
    return database | {"OPTIONS": options}


def _split_hosts(url: str) -> tuple[str, str, str]:
    """Return the URL's part before its hosts, the hosts, and its part after them."""
    scheme, _, rest = url.partition("://")
    end = min(index for index in (rest.find("/"), rest.find("?"), len(rest)) if index >= 0)
    user, at, hosts = rest[:end].rpartition("@")
    return f"{scheme}://{user}{at}", hosts, rest[end:]


def _split_port(host: str) -> tuple[str, str]:
    """Return the name and the port, which may be empty. Raise ValueError if the port is no number."""
    name, colon, port = host.rpartition(":")
    if not colon or port.endswith("]"):
        name = host
        port = ""
    if port and not 0 < int(port) < 65_536:
        raise ValueError(port)
    return unquote(name).strip("[]"), port


def _as_text(value: object) -> str:
    """Return a parameter as libpq writes it. A parameter that stands twice in the URL holds both values."""
    if isinstance(value, list):
        return " ".join(_as_text(part) for part in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
