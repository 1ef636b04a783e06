"""The worker waits for Valkey for as long as it takes, and stops at once while it waits."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kombu.utils.functional import retry_over_time

from config.celery import app
from config.local import embedded_services, valkey
from config.local.processes import free_ports
from config.local.server_commands import WORKER
from config.local.state import State
from config.local.supervisor import ROOT


def test_no_number_of_attempts_ends_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery's default is 100 attempts: 46 minutes."""
    attempts = 0

    def connect() -> str:
        nonlocal attempts
        attempts += 1
        if attempts <= 1_000:
            raise ConnectionRefusedError
        return "connected"

    limit = app.conf.broker_connection_max_retries
    monkeypatch.setattr("kombu.utils.functional.sleep", lambda _: None)
    assert retry_over_time(connect, ConnectionRefusedError, max_retries=limit) == "connected"


@pytest.mark.slow
class TestWithoutValkey:
    def test_stops_at_once(self, tmp_path: Path) -> None:
        with worker(tmp_path, f"redis://:secret@127.0.0.1:{free_ports(1)[0]}/0") as running:
            wait_for(tmp_path, "Cannot connect to")
            start = time.monotonic()
            running.terminate()
            assert running.wait(20) == 0
            assert time.monotonic() - start < 8
        assert "secret" not in (tmp_path / "log").read_text()

    def test_works_when_it_comes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        server = embedded_services.make_valkey(State(tmp_path / "var"))
        server.port = free_ports(1)[0]
        monkeypatch.setattr(valkey, "free_ports", lambda _: [server.port])
        with worker(tmp_path, server.environment["VALKEY_URL"]) as running:
            wait_for(tmp_path, "Cannot connect to")
            server.start()
            try:
                wait_for(tmp_path, r"celery@\S+ ready")
                server.stop()
                wait_for(tmp_path, "onnection to broker lost")
                server.start()
                wait_for(tmp_path, "Connected to redis.*Connected to redis")
                running.terminate()
                assert running.wait(20) == 0
            finally:
                server.stop()


@contextmanager
def worker(folder: Path, url: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    schedule = folder / "schedule"
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", *WORKER, f"--schedule={schedule}"],
            cwd=ROOT,
            env=os.environ | {"VALKEY_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"} | environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield running
    finally:
        if running.poll() is None:
            running.kill()
            running.wait()


def wait_for(folder: Path, pattern: str) -> None:
    deadline = time.monotonic() + 60
    while not re.search(pattern, (folder / "log").read_text(), re.DOTALL):
        assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.1)
