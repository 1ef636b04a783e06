"""DATABASE_URL: several hosts, parameters of libpq, and options that stand beside ours."""

from typing import Any

import pytest

from config.database_url import parse_database_url, with_parameters


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://u:p%40%2F@host:5433/n", {"USER": "u", "PASSWORD": "p@/", "HOST": "host", "PORT": "5433"}),
        ("postgres://u:p@one:1,two:2/n", {"HOST": "one,two", "PORT": "1,2"}),
        ("postgres://u:p@one:1,two:1/n", {"HOST": "one,two", "PORT": "1"}),
        ("postgres://u:p@one,two/n", {"HOST": "one,two", "PORT": ""}),
        ("postgres://[::1]:1,[::2]:2/n", {"HOST": "::1,::2", "PORT": "1,2"}),
        ("postgres://%2FRun%2Fpostgresql/n", {"HOST": "/Run/postgresql", "PORT": ""}),
        ("postgres:///n?host=/run/postgresql", {"HOST": "", "OPTIONS": {"host": "/run/postgresql"}}),
        ("postgres://h/n?sslmode=require&keepalives=1", {"OPTIONS": {"sslmode": "require", "keepalives": "1"}}),
    ],
)  # fmt: skip
def test_parsed(url: str, expected: dict[str, Any]) -> None:
    database = parse_database_url(url)
    assert {name: database[name] for name in expected} == expected
    assert database["NAME"] == "n"


def test_options_of_the_url_stand_beside_ours_and_win() -> None:
    database = parse_database_url(
        "postgres://h/n?options=-c%20work_mem%3D5MB%20-c%20jit%3Don&connect_timeout=9"
    )
    options = with_parameters(database, {"jit": "off", "lock_timeout": "2000"})["OPTIONS"]
    assert options == {
        "connect_timeout": "9",
        "options": "-c jit=off -c lock_timeout=2000 -c work_mem=5MB -c jit=on",
    }
