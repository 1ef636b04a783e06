"""Validators of environment variables: values that a type alone would let in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from environs import ValidationError

from config.validators import (
    are_networks,
    are_parameters,
    are_ports,
    is_absolute,
    is_postgres_url,
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
