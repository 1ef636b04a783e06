"""A real server, granian, on the tests' database or on services of a test's own."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil
import pytest
from django.db import connection

from config.local.processes import free_ports
from tests.conftest import make_api
from tests.support.servers import make_storage_root

ROOT = Path(__file__).parents[2]


@dataclass
class Server:
    port: int
    process: subprocess.Popen[bytes]
    key: str

    def request(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=30)) as http:
            http.request(method, path, body=body, headers={"Authorization": f"Bearer {self.key}"} | headers)
            answer = http.getresponse()
            content = answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content

    def raw(self, head: str, body: bytes) -> socket.socket:
        """Send the start of a request and return the open connection."""
        opened = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        lines = [head, "Host: 127.0.0.1", f"Authorization: Bearer {self.key}", "", ""]
        opened.sendall("\r\n".join(lines).encode() + body)
        return opened

    def peak_memory_bytes(self) -> dict[int, int]:
        """The most that granian and its workers have had resident. Their children hold pixels and do not count."""
        return {pid: _peak(pid) for pid in (self.process.pid, *children_of(self.process.pid))}


def children_of(pid: int, *, recursive: bool = False) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children(recursive=recursive)]


def _peak(pid: int) -> int:
    match = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(match[1]) * 1024 if match else 0


@contextmanager
def serving(
    folder: Path, settings: dict[str, str], *, workers: int = 1, threads: int = 16
) -> Iterator[Server]:
    url = urlsplit(os.environ["DATABASE_URL"])
    environment = os.environ | {
        "DATABASE_URL": urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}")),
        "STORAGE_ROOT": make_storage_root(folder / "files"),
        "S3_BUCKET": "",
        "TEMP_DIR": str(folder),
    }
    key = make_api("alice").key
    with run_granian(folder, environment | settings, key, workers=workers, threads=threads) as server:
        yield server


@contextmanager
def run_granian(
    folder: Path, environment: dict[str, str], key: str, *, workers: int = 1, threads: int = 16
) -> Iterator[Server]:
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "config.web_server", "--interface=wsgi", "--host=127.0.0.1", f"--port={port}",
               "--http=1", f"--workers={workers}", f"--blocking-threads={threads}", "--no-access-log",
               "--respawn-failed-workers", "--respawn-interval=0.1", "config.wsgi:application"]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    running = Server(port, process, key)
    try:
        wait_until_ready(running)
        yield running
    finally:
        process.terminate()
        try:
            process.wait(15)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            if server.request("GET", "/readyz")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the server did not become ready")
