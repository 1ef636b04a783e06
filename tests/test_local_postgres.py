"""The embedded Postgres: it starts in any folder, admits nobody else, and survives its own death."""

import os
import signal
import stat
from pathlib import Path

import psycopg
import pytest

from config.local import embedded_services, postgres
from config.local.state import State
from tests.support.embedded_services import as_root, connect, elsewhere, state

__all__ = ["elsewhere", "state"]
pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a b 'c' $d", id="spaces and signs of the shell"),
        pytest.param("/".join(["x" * 60] * 5), id="300 characters"),
    ],
)
def test_postgres_starts_in_any_folder(name: str, tmp_path: Path) -> None:
    server = embedded_services.make_postgres(State(tmp_path / name), durable=False)
    server.start()
    with connect(server) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
    assert server.stop()
    assert not server.stop()


def test_postgres_admits_nobody_else(state: State) -> None:
    server = embedded_services.make_postgres(state, durable=False)
    server.start()
    folder = (server.home / "socket").resolve()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for url in ("", "wrong@"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"postgres://progimage:{url or '@'}/progimage", host=str(folder))
    server.stop()
    assert not folder.exists()


def test_left_over_postgres_is_stopped_and_its_rows_stay(state: State) -> None:
    killed = embedded_services.make_postgres(state)
    killed.start()
    with connect(killed) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    server = embedded_services.make_postgres(state)
    server.start()
    with connect(server) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
    assert killed.process
    assert not killed.process.is_running()
    server.stop()


def test_postgres_starts_after_its_own_death(state: State) -> None:
    server = embedded_services.make_postgres(state)
    server.start()
    pid = int((server.data / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    server.start()
    connect(server).close()
    server.stop()


def test_another_process_with_its_number_is_left_alone(state: State) -> None:
    server = embedded_services.make_postgres(state, durable=False)
    server.start()
    server.stop()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n")
    server.start()
    server.stop()


@as_root
def test_root_changes_no_permission_outside_the_state_folder(tmp_path: Path, elsewhere: Path) -> None:
    private = tmp_path / "of root alone"
    private.mkdir(mode=0o700)
    before = [(path, path.stat().st_mode, path.stat().st_uid) for path in (private, *private.parents)]
    server = embedded_services.make_postgres(State(private / "var"), durable=False)
    server.start()
    assert server.data.stat().st_uid != 0
    assert server.home.is_relative_to(elsewhere)
    assert (private / "var" / "postgres").readlink() == server.home
    server.remove()
    assert not server.home.exists()
    assert before == [(path, path.stat().st_mode, path.stat().st_uid) for path in (private, *private.parents)]


@as_root
def test_programs_that_nobody_cannot_reach_are_copied(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    may_use = postgres.Postgres._may_use
    monkeypatch.setattr(
        postgres.Postgres,
        "_may_use",
        lambda self, path: "site-packages" not in path.parts and may_use(self, path),
    )
    server = embedded_services.make_postgres(state, durable=False)
    server.start()
    assert server._programs.is_relative_to(server.home)
    connect(server).close()
    server.stop()
