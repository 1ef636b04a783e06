"""manage.py without a usable Postgres: one sentence, no traceback, exit code 1."""

import os
from urllib.parse import urlsplit

import pytest

from tests.support.starts import COMPLETE, run

pytestmark = pytest.mark.slow
MIGRATE = ["manage.py", "migrate", "--no-input"]


def test_outage_is_one_sentence() -> None:
    code, text = run(MIGRATE, **COMPLETE)
    assert (code, text.count("\n")) == (1, 1)
    assert text.startswith(
        "Nothing listens at the address of Postgres: start Postgres, or correct DATABASE_URL. ("
    )
    assert run([*MIGRATE, "--traceback"], **COMPLETE)[1].count("\n") > 10


def test_wrong_password_is_one_sentence() -> None:
    url = urlsplit(os.environ["DATABASE_URL"])
    wrong = url._replace(netloc=f"{url.username}:swordfish@").geturl()
    code, text = run(MIGRATE, **COMPLETE | {"DATABASE_URL": wrong})
    assert (code, text.count("\n")) == (1, 1)
    assert text.startswith("Postgres refuses the user or the password: correct them in DATABASE_URL. (")
    assert "swordfish" not in text


@pytest.mark.parametrize("command", [MIGRATE, ["manage.py", "check", "--database", "default"]], ids=" ".join)
def test_wrong_setting_is_one_sentence(command: list[str]) -> None:
    code, text = run(command, **COMPLETE | {"DATABASE_URL": "mysql://u:p@localhost/x"})
    assert (code, text.count("\n")) == (1, 1)
    assert text.startswith("DATABASE_URL: Expected postgres://user:password@host:port/name. For example ")


def test_create_storage_before_migrate_says_so() -> None:
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres").geturl()
    code, text = run(["manage.py", "create_storage"], **COMPLETE | {"DATABASE_URL": url})
    assert (code, text.count("\n")) == (1, 1)
    assert text.startswith("The database lacks tables: run manage.py migrate. (")
