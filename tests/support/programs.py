"""Other people's servers that tests run: found among Debian's programs, and run while a context lasts."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from tests.conftest import skip_or_fail

_START_TIMEOUT_S = 30
_STOP_TIMEOUT_S = 10


def find_program(name: str) -> str:
    """Return the path of a program, or skip the test. Users may not search the folder of Debian's daemons."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    return path or skip_or_fail(f"{name} is not installed")


@contextmanager
def running(command: Sequence[str], *, port: int) -> Iterator[None]:
    """Run a server that listens on a port."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_open(port, process)
        yield
    finally:
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"nothing listens on port {port}")
