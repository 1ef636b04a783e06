"""The thread that hears of changes: it is fast, and nothing is remembered while it may miss some."""

import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from accounts.models import Account
from images.delivery import change_listener
from images.delivery.change_listener import CHANNEL, ChangeListener
from images.delivery.invalidation import Changes, of_account
from images.delivery.memory import Memory
from tests.support.sessions import connect
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
def listener(changes: Changes, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChangeListener]:
    monkeypatch.setattr(change_listener, "_MIN_PAUSE_S", 0.05)
    listener = ChangeListener(changes)
    listener.start()
    wait_until(lambda: changes.stamp() is not None)
    yield listener
    listener.stop()


def listening_pids() -> list[int]:
    with connect() as session:
        query = (
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE %s AND pid <> pg_backend_pid()"
        )
        return [pid for (pid,) in session.execute(query, [f"SELECT pg_notify('{CHANNEL}', 'probe:%"])]


def test_a_change_is_heard_within_a_tenth_of_a_second(
    api: Any, listener: ChangeListener, changes: Changes
) -> None:
    kept: Memory[str] = Memory(max_bytes=10_000, changes=changes)
    subject = of_account(api.account.pk)
    delays_s = []
    for is_active in (False, True, False, True, False):
        assert kept.keep("a", "value", subjects=[subject], stamp=kept.stamp(), size_bytes=1)
        with connect() as session:  # as another process
            session.execute("UPDATE accounts_account SET is_active = %s", [is_active])
        committed_at_s = time.monotonic()
        wait_until(lambda: kept.find("a", time.monotonic()) is None)
        delays_s.append(time.monotonic() - committed_at_s)
    assert min(delays_s) < 0.1  # the machine may be busy
    assert Account.objects.filter(is_active=False).exists()


def test_a_lost_connection_ends_the_memory_until_there_is_a_new_one(
    listener: ChangeListener,
    changes: Changes,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: Memory[str] = Memory(max_bytes=10_000, changes=changes)
    assert kept.keep("a", "value", subjects=["x"], stamp=kept.stamp(), size_bytes=1)
    losses: list[str] = []
    lose = changes.lose

    def note() -> None:
        losses.append("lost")
        lose()

    monkeypatch.setattr(changes, "lose", note)
    (pid,) = listening_pids()
    with connect() as session:
        session.execute("SELECT pg_terminate_backend(%s)", [pid])
    wait_until(lambda: len(losses) == 1)
    wait_until(lambda: changes.stamp() is not None)
    assert kept.size_bytes == 0
    messages = [record.getMessage() for record in caplog.records]
    assert messages[0].startswith("the connection for notifications is away (")
    assert messages[1:] == ["notifications arrive again"]


def test_a_silent_connection_ends_the_memory(
    listener: ChangeListener, changes: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Postgres that does not answer is away within five seconds, with no word of it from the network."""
    stamp = changes.stamp()
    assert stamp is not None
    probed_at_s: list[float] = []

    def hang(self: ChangeListener, connection: psycopg.Connection[Any]) -> str:
        probed_at_s.append(time.monotonic())
        listener._stopped.wait()
        raise psycopg.OperationalError("stopped")

    monkeypatch.setattr(ChangeListener, "_probe", hang)
    wait_until(lambda: bool(probed_at_s))
    wait_until(lambda: changes.stamp() is None)
    assert time.monotonic() - probed_at_s[0] < 5
    assert changes.hears_until_s > 0  # nobody has said so: the time alone ends it


def test_a_connection_that_delivers_nothing_is_not_used(
    changes: Changes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As PgBouncer: tests/test_pgbouncer.py has the real one."""
    monkeypatch.setattr(change_listener, "_ANSWER_S", 0.3)
    monkeypatch.setattr(change_listener, "CHANNEL", "nobody_listens")
    real = change_listener._Connection.execute

    def execute(self: Any, statement: str, *parameters: Any) -> Any:
        return real(self, statement.replace("LISTEN nobody_listens", "SELECT 1"), *parameters)

    monkeypatch.setattr(change_listener._Connection, "execute", execute)
    deaf = ChangeListener(changes)
    deaf.start()
    try:
        wait_until(lambda: bool(caplog.records))
        assert "set DATABASE_LISTEN_URL" in caplog.records[0].getMessage()
        assert changes.stamp() is None
    finally:
        deaf.stop()


def test_its_own_address(settings: Any, changes: Changes, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    real = change_listener._Connection.connect
    with connect() as session:
        address = f"{session.info.dsn} password={session.info.password}"

    def note(conninfo: str = "", **options: Any) -> Any:
        seen.append(conninfo)
        return real(address, **options)

    monkeypatch.setattr(change_listener._Connection, "connect", note)
    settings.DATABASE_LISTEN_URL = "postgres://direct/db"
    own = ChangeListener(changes)
    own.start()
    wait_until(lambda: changes.stamp() is not None)
    own.stop()
    assert set(seen) == {"postgres://direct/db"}
    assert changes.stamp() is None


def test_it_starts_once(listener: ChangeListener) -> None:
    thread = listener._thread
    listener.start()
    assert listener._thread is thread
