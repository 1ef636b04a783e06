"""Validators of environment variables: values that a type alone would let in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from environs import ValidationError

from config.database_url import is_postgres_url
from config.validators import (
    are_networks,
    are_parameters,
    are_ports,
    is_absolute,
    is_http_url,
    is_public_url,
    is_valkey_url,
    is_writable_folder,
)


@pytest.mark.parametrize(
    ("validate", "value"),
    [
        (is_postgres_url, "postgres://user:password@host:5432/name"),
        (is_postgres_url, "postgresql://host/name"),
        (is_valkey_url, "redis://:password@host:6379/0"),
        (is_valkey_url, "rediss://host"),
        (is_valkey_url, "rediss://host/1?ssl_ca_certs=/etc/ca.pem&ssl_check_hostname=false"),
        (is_postgres_url, "postgres://user:password@one:5432,two:5433/name?target_session_attrs=read-write"),
        (is_postgres_url, "postgres://user:password@/name?host=/run/postgresql&sslmode=require"),
        (is_public_url, "https://images.example.com"),
        (is_public_url, "http://127.0.0.1:8000/"),
        (is_public_url, "http://[::1]:8000"),
        (is_public_url, "http://host"),
        (is_http_url, None),
        (is_http_url, ""),
        (is_http_url, "http://s3:8333"),
        (is_absolute, Path("/files")),
        (is_writable_folder, None),
        (are_networks, ["10.0.0.0/8", "fd00::/8"]),
        (are_ports, ["80", "65535"]),
        (are_parameters, ["utm_*", "fbclid", "_ga"]),
    ],
)
def test_accepted(validate: Callable[[Any], None], value: Any) -> None:
    validate(value)


@pytest.mark.parametrize(
    ("validate", "value"),
    [
        (is_postgres_url, "mysql://host/name"),
        (is_postgres_url, "postgres://host:port/name"),
        (is_valkey_url, "host:6379"),
        (is_valkey_url, "redis://host:0/0"),
        (is_valkey_url, "redis://host:port/0"),
        (is_valkey_url, "redis://host/0?protocol=3"),
        (is_valkey_url, "rediss://host/0?health_check_interval=3"),
        (is_valkey_url, "rediss://host/0?ssl_cert_reqs=CERT_NONE"),
        (is_postgres_url, "postgres://host"),
        (is_postgres_url, "postgres://one:5432,two:x/name"),
        (is_postgres_url, "postgres://host:70000/name"),
        (is_postgres_url, "postgres://host/name?no_such_parameter=1"),
        (is_public_url, "images.example.com"),
        (is_public_url, "ftp://images.example.com"),
        (is_public_url, "https://example.com/images"),
        (is_public_url, "https://example.com/?a=b"),
        (is_public_url, "https://example.com?"),
        (is_public_url, "https://example.com/#"),
        (is_public_url, "https://user@example.com"),
        (is_public_url, "https://:443"),
        (is_http_url, "s3:8333"),
        (is_absolute, Path("files")),
        (is_writable_folder, Path("/nowhere")),
        (are_networks, ["10.0.0.1/8"]),
        (are_ports, ["65536"]),
        (are_ports, ["http"]),
        (are_parameters, ["*"]),
        (are_parameters, ["utm_*", "a=b"]),
    ],
)
def test_refused(validate: Callable[[Any], None], value: Any) -> None:
    with pytest.raises(ValidationError, match="Expected "):
        validate(value)
