"""The web server lives on when its workers are killed, and ends when they cannot start."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from granian.constants import Interfaces

from config.web_server import WebServer
from tests.support.granian_server import ROOT, Server, children_of, serving, wait_until_ready
from tests.support.starts import COMPLETE

pytestmark = pytest.mark.slow


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_again_and_again_is_started_again(tmp_path: Path) -> None:
    """granian alone ends after the second kill."""
    with serving(tmp_path, {}) as server:
        for _ in range(3):
            kill_worker(server)
        wait_until_ready(server)
        assert server.request("GET", "/readyz")[0] == 200


@pytest.mark.django_db(transaction=True)
def test_the_log_begins_without_advice(tmp_path: Path) -> None:
    """granian itself warns about so many threads; the test's server has 16."""
    with serving(tmp_path, {}):
        lines = (tmp_path / "log").read_text()
    assert "Started worker-1" in lines
    assert "WARNING" not in lines


def kill_worker(server: Server) -> None:
    """Kill the worker as soon as there is one, and wait for the next."""
    (worker,) = workers_of(server)
    os.kill(worker, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while workers_of(server) in ([], [worker]):
        assert server.process.poll() is None, "the server ended"
        assert time.monotonic() < deadline
        time.sleep(0.05)


def workers_of(server: Server) -> list[int]:
    return children_of(server.process.pid)


def test_a_worker_that_cannot_start_ends_the_server(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "config.web_server", "--interface=wsgi", "--port=0", "--respawn-failed-workers",
               "config.wsgi:application"]  # fmt: skip
    environment = {"PATH": os.environ["PATH"]} | COMPLETE | {"SECRET_KEY": "short"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "SECRET_KEY: Shorter than minimum length 32" in done.stdout + done.stderr


def test_workers_learn_the_number_of_their_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRANIAN_BLOCKING_THREADS", "1")
    WebServer("config.wsgi:application", interface=Interfaces.WSGI, blocking_threads=7)
    assert os.environ["GRANIAN_BLOCKING_THREADS"] == "7"
