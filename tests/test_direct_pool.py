"""The connections of the fast path: prepared statements where they hold, and nothing while the database is away."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from accounts import services
from accounts.access import authentication
from accounts.access.authentication import find_api_key
from accounts.keys.key_text import KeyText, generate_key
from accounts.models.sql_rows import fetch_one
from images.fast_path import direct_pool as module
from images.fast_path.direct_pool import DirectPool
from progimage.errors import Unavailable

PLAIN = {"context": None, "autocommit": True, "cursor_factory": psycopg.Cursor}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pool(settings: Any) -> Iterator[DirectPool]:
    settings.FAST_PATH_CONNECTIONS = 1
    pool = DirectPool()
    yield pool
    pool.close()


def test_statement_is_prepared_once_and_planned_once(pool: DirectPool) -> None:
    for number in range(3):
        assert pool.fetch_row("SELECT %b::int", (number,)) == (number,)
    row = pool.fetch_row(
        "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE %b",
        ("%$1::int",),
    )
    assert row == (3, 0)


def test_limits_of_a_session_hold(pool: DirectPool) -> None:
    assert pool.fetch_row("SHOW statement_timeout", ()) == ("5s",)


def test_nothing_is_prepared_if_parameters_get_lost(
    pool: DirectPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind PgBouncer, which drops them."""
    parameters: Any = connection.get_connection_params()
    monkeypatch.setattr(module, "_parameters", lambda: parameters | PLAIN)
    for number in range(3):
        assert pool.fetch_row("SELECT %b::int", (number,)) == (number,)
    assert pool.fetch_row("SELECT count(*) FROM pg_prepared_statements", ()) == (0,)


def test_no_row_is_none(pool: DirectPool) -> None:
    assert pool.fetch_row("SELECT 1 WHERE false", ()) is None


def test_pool_rests_after_a_failure_and_begins_anew(
    pool: DirectPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAUSE_S", 0.1)
    row = pool.fetch_row("SELECT pg_backend_pid()", ())
    assert row is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", row)
    with pytest.raises(Unavailable):
        pool.fetch_row("SELECT 1", ())
    with pytest.raises(Unavailable):
        pool.fetch_row("SELECT 1", ())
    time.sleep(0.15)
    assert pool.fetch_row("SELECT 1", ()) == (1,)


def test_pool_rests_in_a_crowd_and_keeps_its_connections(
    pool: DirectPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAUSE_S", 0.1)
    monkeypatch.setattr(module, "_TIMEOUT_S", 0.05)
    first = pool.fetch_row("SELECT pg_backend_pid()", ())
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(pool.fetch_row, "SELECT pg_sleep(0.3)::text", ())
        time.sleep(0.1)
        with pytest.raises(Unavailable):
            pool.fetch_row("SELECT 1", ())
        assert slow.result() == ("",)
    time.sleep(0.15)
    assert pool.fetch_row("SELECT pg_backend_pid()", ()) == first


def test_database_that_is_away_takes_no_time_twice(
    pool: DirectPool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise psycopg.OperationalError("Connection refused")

    monkeypatch.setattr(psycopg.Connection, "connect", fail)
    start_s = time.monotonic()
    for _ in range(5):
        with pytest.raises(Unavailable):
            pool.fetch_row("SELECT 1", ())
    assert time.monotonic() - start_s < 4 * module._TIMEOUT_S  # not 5 times
    assert caplog.text.count("Django answers for the fast path") == 1


class TestKeys:
    """The web server finds API keys by these connections (config/wsgi.py)."""

    @pytest.fixture
    def key(self, pool: DirectPool) -> Iterator[KeyText]:
        account = services.create_account("Direct")
        yield services.create_api_key(account, name="Key", expires_at=timezone.now() + timedelta(days=1))[1]
        authentication.find_keys_by(fetch_one)

    def test_a_row_is_the_same(self, key: KeyText, pool: DirectPool) -> None:
        expected = find_api_key(key)
        authentication.find_keys_by(pool.fetch_row)
        connection.close()
        found = find_api_key(key)
        assert connection.connection is None
        assert expected is not None
        assert found is not None
        for one, other in ((found, expected), (found.account, expected.account)):
            values = [{**vars(row), "_state": None} for row in (one, other)]
            for each in values:
                each.pop("_state")
                each.pop("_account_cache", None)
            assert values[0] == values[1]

    def test_a_wrong_secret_or_prefix_is_refused(self, key: KeyText, pool: DirectPool) -> None:
        authentication.find_keys_by(pool.fetch_or_ask_django)
        assert find_api_key(key) is not None
        assert find_api_key(KeyText(key.prefix, "x" * 43)) is None
        assert find_api_key(generate_key()) is None

    def test_django_is_asked_if_there_is_no_connection(
        self, key: KeyText, pool: DirectPool, settings: Any
    ) -> None:
        settings.FAST_PATH_CONNECTIONS = 0
        authentication.find_keys_by(pool.fetch_or_ask_django)
        assert find_api_key(key) is not None


def test_statement_that_waits_too_long_for_a_lock_ends_no_connection(pool: DirectPool) -> None:
    """It is not tried again, and others go on."""
    account = services.create_account("Locked")
    assert pool.fetch_row("SELECT set_config('lock_timeout', '20ms', false)", ()) == ("20ms",)
    used = pool._pool
    with psycopg.connect(**connection.get_connection_params()) as holder:
        holder.execute("SELECT FROM accounts_account WHERE id = %s FOR UPDATE", [account.pk])
        with pytest.raises(OperationalError):
            pool.fetch_or_ask_django(
                "UPDATE accounts_account SET name = name WHERE id = %s RETURNING id", [account.pk]
            )
    assert pool._pool is used
    assert pool.fetch_row("SELECT 2", ()) == (2,)
