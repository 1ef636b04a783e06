"""Sessions of Postgres have our limits, and read dates whatever the server's styles are."""

import time
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from psycopg_pool import ConnectionPool

from config import database_connection
from config.database_connection import Connection
from tests.support.sessions import connect

check = ConnectionPool.check_connection
pytestmark = pytest.mark.django_db


def test_have_limits_styles_and_options() -> None:
    ours = connection.settings_dict["OPTIONS"]["options"]
    with connect(options=f"{ours} -c work_mem=5MB") as session:
        shown = {
            name: session.execute(f"SHOW {name}").fetchone()[0]  # type: ignore[index]
            for name in (*settings.DATABASE_LIMITS_MS, "work_mem", "jit")
        }
    assert shown == {
        "statement_timeout": "5s",
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "10s",
        "work_mem": "5MB",
        "jit": "off",
    }


def test_first_host_that_answers_is_used() -> None:
    socket = connection.settings_dict["OPTIONS"]["host"]
    with connect(host=f"127.0.0.1,{socket}", port="1,5432") as session:
        assert session.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("style", ["SQL,DMY", "German", "Postgres,MDY"])
def test_dates_come_whole_whatever_the_role_has(style: str) -> None:
    """As behind PgBouncer, which drops our options."""
    with connect(options=f"-c DateStyle={style}") as session:
        row = session.execute("SELECT '2026-12-31 23:59:58+00'::timestamptz").fetchone()
        assert session.info.parameter_status("DateStyle") == f"ISO, {style[-3:]}".replace("man", "DMY")
    assert row is not None
    assert row[0].isoformat()[:10] == "2026-12-31"


class TestCheckOfThePool:
    @pytest.fixture
    def waits(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        """The moments at which a connection has waited for Postgres."""
        waits: list[float] = []
        wait = Connection.wait

        def watch(session: Connection, *arguments: Any, **options: Any) -> Any:
            waits.append(time.monotonic())
            return wait(session, *arguments, **options)

        monkeypatch.setattr(Connection, "wait", watch)
        return waits

    def test_asks_nothing_of_a_connection_that_was_just_used(self, waits: list[float]) -> None:
        with connect() as session:
            session.autocommit = True
            session.execute("SELECT 1")
            waits.clear()
            check(session)
            assert waits == []
            assert session.execute("SELECT 2").fetchone() == (2,)

    def test_asks_a_connection_that_was_idle(
        self, waits: list[float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(database_connection, "_FRESH_S", -1)
        with connect() as session:
            session.autocommit = True
            session.execute("SELECT 1")
            waits.clear()
            check(session)
            assert len(waits) == 1

    def test_finds_a_connection_that_postgres_has_just_ended(self) -> None:
        with connect() as session, connect() as other:
            session.autocommit = True
            session.execute("SELECT 1")
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [session.info.backend_pid])
            with pytest.raises(psycopg.OperationalError):
                check(session)
