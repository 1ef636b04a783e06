"""Postgres and Valkey that are stopped, paused or refuse: quick refusals, whole rows, and quick recovery.

They and the web server are this module's own."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psutil
import psycopg
import pytest
from redis import Redis

from config.local import embedded_services, valkey
from config.local.postgres import Postgres
from config.local.state import State
from config.local.supervisor import ROOT
from config.local.valkey import Valkey
from tests.support import images as made
from tests.support.granian_server import Server, run_granian
from tests.support.servers import make_storage_root

pytestmark = pytest.mark.slow
PNG = made.encoded("png")


@dataclass
class World:
    server: Server
    postgres: Postgres
    valkey: Valkey

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, str], bytes]:
        return self.server.request(method, path, body, **{"Content-Type": "image/png"})

    def stored(self) -> str:
        status, _, answer = self.ask("POST", "/images", PNG)
        assert status == 201, answer
        return f"/images/{json.loads(answer)['id']}"

    def check_refused(self, method: str, path: str, body: Any = None, *, within_s: float = 4) -> None:
        """The answer is 503, soon, and says when to come again."""
        start = time.monotonic()
        status, headers, answer = self.ask(method, path, body)
        assert (status, json.loads(answer)["code"]) == (503, "unavailable")
        assert int(headers["retry-after"]) >= 1
        assert time.monotonic() - start < within_s

    def check_recovers(self, path: str) -> None:
        start = time.monotonic()
        while self.ask("GET", path)[0] != 200:
            assert time.monotonic() - start < 5
            time.sleep(0.1)
        assert self.ask("GET", path)[2] == PNG
        self.stored()

    def readiness(self) -> tuple[int, str, str]:
        status, _, answer = self.ask("GET", "/readyz")
        found = json.loads(answer)
        return status, found["status"], found["checks"]["cache"]

    def sql(self, statement: str, *, database: str = "progimage") -> Any:
        writes = "-c default_transaction_read_only=off"
        with psycopg.connect(self.postgres._url(database), autocommit=True, options=writes) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchone() if cursor.description else None

    def start_postgres_again(self) -> None:
        """Start Postgres on the same folder, as an operator does."""
        self.postgres._wait(self.postgres._launch())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("outages")
    state = State(folder / "var")
    with ExitStack() as running:
        postgres = embedded_services.make_postgres(state)
        running.callback(postgres.remove)
        started = embedded_services.start([postgres, own := embedded_services.make_valkey(state)], running)
        environment = embedded_services.build_environment(state, "http://127.0.0.1", started) | {
            "S3_BUCKET": "",
            "STORAGE_ROOT": make_storage_root(state.private_folder("files")),
            "DATABASE_STATEMENT_TIMEOUT_MS": "1000",
            "DATABASE_POOL_MAX": "3",
        }
        manage(environment | {"DATABASE_STATEMENT_TIMEOUT_MS": "0"}, "migrate")
        manage(environment, "create_account", "alice")
        key = manage(environment, "create_api_key", "alice")
        yield World(running.enter_context(run_granian(folder, environment, key)), postgres, own)


def manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return (done.stdout.split() or [""])[-1]


@contextmanager
def paused(process: Any) -> Iterator[None]:
    leader = psutil.Process(process._popen.pid)
    family = [leader, *leader.children(recursive=True)]
    for each in family:
        each.suspend()
    try:
        yield
    finally:
        for each in family:
            each.resume()


class TestPostgres:
    """F-11."""

    @pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL], ids=["stopped", "killed"])
    def test_that_is_gone(self, world: World, by: signal.Signals) -> None:
        path = world.stored()
        assert world.postgres.process
        world.postgres.process.stop(by=by)
        asked = (("GET", path, None), ("GET", f"{path}.webp", None), ("POST", "/images", PNG))
        with ThreadPoolExecutor() as threads:
            for refused in [threads.submit(world.check_refused, *one) for one in asked]:
                refused.result()
        assert world.ask("GET", "/healthz")[0] == 200
        status, _, answer = world.ask("GET", "/readyz")
        assert status == 503
        reason = json.loads(answer)["checks"]["database"]  # a killed Postgres leaves its socket
        assert reason.startswith(("The socket of Postgres is not there", "Nothing listens"))
        world.start_postgres_again()
        world.check_recovers(path)

    def test_that_is_killed_under_uploads_keeps_what_was_acknowledged(self, world: World) -> None:
        acknowledged: list[str] = []
        is_over = threading.Event()

        def upload() -> None:
            while not is_over.is_set():
                status, _, answer = world.ask("POST", "/images", PNG)
                assert status in (201, 503)
                if status == 201:
                    acknowledged.append(f"/images/{json.loads(answer)['id']}")

        threads = [threading.Thread(target=upload) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        assert world.postgres.process
        world.postgres.process.stop(by=signal.SIGKILL)
        world.start_postgres_again()
        time.sleep(2)
        is_over.set()
        for thread in threads:
            thread.join(10)
        assert len(acknowledged) > 3
        assert {world.ask("GET", path)[2] for path in acknowledged} == {PNG}
        (ready,) = world.sql("SELECT array_agg(id::text) FROM images_image WHERE state = 'ready'")
        assert set(ready) <= {path.name for path in (world.postgres.state / "files").rglob("originals/*/*")}

    def test_that_hangs(self, world: World) -> None:
        """It takes connections, and answers nothing: no timeout of its own ends that."""
        path = world.stored()
        assert world.postgres.process
        with paused(world.postgres.process):
            world.check_refused("GET", path, within_s=6)
            world.check_refused("POST", "/images", PNG, within_s=6)
            assert world.ask("GET", "/healthz")[0] == 200
        world.check_recovers(path)

    def test_that_is_read_only_serves_what_is_there(self, world: World) -> None:
        path = world.stored()
        assert world.ask("GET", f"{path}.webp")[0] == 200
        world.sql("UPDATE accounts_apikey SET last_used_at = NULL")
        world.sql("ALTER SYSTEM SET default_transaction_read_only = on")
        world.sql("SELECT pg_reload_conf()")
        time.sleep(0.3)
        try:
            assert [world.ask("GET", address)[0] for address in (path, f"{path}.webp")] == [200, 200]
            assert world.readiness()[:2] == (200, "degraded")
            for method, address, body in (
                ("POST", "/images", PNG),
                ("DELETE", path, None),
                ("GET", f"{path}.gif", None),
            ):
                world.check_refused(method, address, body)
        finally:
            world.sql("ALTER SYSTEM RESET default_transaction_read_only")
            world.sql("SELECT pg_reload_conf()")
        world.check_recovers(path)

    def test_that_takes_no_connections(self, world: World) -> None:
        path = world.stored()
        world.sql("ALTER DATABASE progimage ALLOW_CONNECTIONS false", database="postgres")
        world.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'progimage'",
            database="postgres",
        )
        world.check_refused("GET", path)
        world.check_refused("POST", "/images", PNG)
        world.sql("ALTER DATABASE progimage ALLOW_CONNECTIONS true", database="postgres")
        world.check_recovers(path)

    def test_locks_are_not_waited_for_long_nor_by_others(self, world: World) -> None:
        """Three requests that wait for a row have all the connections there may be."""
        locked, other = world.stored(), world.stored()
        took_s: list[tuple[int, float]] = []

        def delete() -> None:
            start = time.monotonic()
            took_s.append((world.ask("DELETE", locked)[0], time.monotonic() - start))

        threads = [threading.Thread(target=delete) for _ in range(6)]
        with psycopg.connect(world.postgres._url("progimage")) as connection:
            connection.execute("SELECT 1 FROM images_image WHERE id = %s FOR UPDATE", [locked.split("/")[-1]])
            for thread in threads:
                thread.start()
            time.sleep(0.2)
            assert world.ask("GET", "/healthz")[0] == 200
            for thread in threads:
                thread.join(10)
        assert {status for status, _ in took_s} == {503}
        assert max(seconds for _, seconds in took_s) < 5
        world.check_recovers(other)
        assert world.ask("DELETE", locked)[0] == 204


class TestValkey:
    """F-12: without Valkey responses are slower, and nothing else changes."""

    @pytest.fixture
    def path(self, world: World) -> str:
        return world.stored()

    def check_serves(self, world: World, path: str) -> None:
        start = time.monotonic()
        assert world.ask("GET", path)[2] == PNG
        assert world.ask("GET", f"{path}.webp")[0] == 200
        world.stored()
        assert time.monotonic() - start < 4

    def test_that_is_gone(self, world: World, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
        world.valkey.stop()
        self.check_serves(world, path)
        assert world.readiness()[:2] == (200, "degraded")
        monkeypatch.setattr(valkey, "free_ports", lambda _: [world.valkey.port])
        world.valkey.start()
        assert world.readiness() == (200, "ok", "ok")
        self.check_serves(world, path)

    def test_that_hangs(self, world: World, path: str) -> None:
        with paused(world.valkey.process):
            self.check_serves(world, path)
            start = time.monotonic()
            assert world.readiness()[:2] == (200, "degraded")
            assert time.monotonic() - start < 2
        assert world.readiness() == (200, "ok", "ok")

    def test_that_is_full(self, world: World, path: str) -> None:
        with Redis.from_url(world.valkey.environment["VALKEY_URL"]) as full:
            full.config_set("maxmemory", "1")
            try:
                self.check_serves(world, path)
                assert world.readiness() == (200, "degraded", "full: it takes no writes, and tasks wait")
            finally:
                full.config_set("maxmemory", "0")
        assert world.readiness() == (200, "ok", "ok")

    def test_that_has_forgotten_everything(self, world: World, path: str) -> None:
        Redis.from_url(world.valkey.environment["VALKEY_URL"]).flushall()
        self.check_serves(world, path)
        assert world.readiness() == (200, "ok", "ok")
