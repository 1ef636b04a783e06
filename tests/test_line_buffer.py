"""Lines that are written together: none is lost, mixed with another or late."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from config.observing import line_buffer
from config.observing.line_buffer import LineBuffer
from tests.support.granian_server import ROOT


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[LineBuffer, Callable[[], bytes]]]:
    """A buffer, and a function that reads what it has written. No timer runs."""
    monkeypatch.setattr(line_buffer._timer, "start", lambda work: False)
    reader, writer = os.pipe()
    os.set_blocking(reader, False)

    def read() -> bytes:
        try:
            return os.read(reader, 1_000_000)
        except BlockingIOError:
            return b""

    yield LineBuffer(writer), read
    os.close(reader)
    os.close(writer)


def test_lines_are_written_together(pipe: tuple[LineBuffer, Callable[[], bytes]]) -> None:
    buffer, read = pipe
    for number in range(63):
        buffer.add(f"{number} é\n")
    assert read() == b""
    buffer.add("63\n")
    text = read().decode()
    assert text.splitlines() == [*(f"{number} é" for number in range(63)), "63"]
    buffer.add("64\n")
    buffer.flush()
    assert read() == b"64\n"


def test_no_write_is_longer_than_a_pipe_takes_whole(
    pipe: tuple[LineBuffer, Callable[[], bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer, _ = pipe
    parts: list[bytes] = []
    monkeypatch.setattr(line_buffer, "_write", lambda descriptor, content: parts.append(content))
    for _ in range(64):
        buffer.add("x" * 299 + "\n")
    assert b"".join(parts) == (b"x" * 299 + b"\n") * 64
    assert {len(part) <= 4_096 and part.endswith(b"\n") for part in parts} == {True}


def test_lines_of_many_threads(pipe: tuple[LineBuffer, Callable[[], bytes]]) -> None:
    buffer, read = pipe

    def add(name: int) -> None:
        for number in range(500):
            buffer.add(f"{name} {number}\n")

    threads = [threading.Thread(target=add, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    buffer.flush()
    lines = read().decode().splitlines()
    assert len(lines) == 4_000
    assert set(lines) == {f"{name} {number}" for name in range(8) for number in range(500)}


def test_requests_go_on_while_another_writes(pipe: tuple[LineBuffer, Callable[[], bytes]]) -> None:
    buffer, read = pipe
    with buffer._lock:
        for number in range(100):
            buffer.add(f"{number}\n")
        assert read() == b""
    buffer.add("100\n")
    assert read().decode().splitlines() == [str(number) for number in range(101)]


def test_requests_wait_if_too_many_lines_do(
    pipe: tuple[LineBuffer, Callable[[], bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_buffer, "_MOST_LINES", 100)
    buffer, read = pipe
    with buffer._lock:
        for _ in range(99):
            buffer.add("x\n")
        waiting = threading.Thread(target=buffer.add, args=("x\n",))
        waiting.start()
        waiting.join(0.1)
        assert waiting.is_alive()
    waiting.join()
    assert read() == b"x\n" * 100


def test_a_closed_descriptor_fails_no_request() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    buffer = LineBuffer(writer)
    for _ in range(64):
        buffer.add("x\n")
    os.close(writer)


PROGRAM = """
import os, sys, time
from multiprocessing import util
from config.observing.line_buffer import stderr

stderr.add("one\\n")
pid = os.fork()
if pid == 0:
    stderr.add("two\\n")
    stderr.flush()
    os._exit(0)
os.waitpid(pid, 0)
{end}
"""


@pytest.mark.parametrize(
    "end",
    ["time.sleep(1); print('later', file=sys.stderr, flush=True); os._exit(0)", "util._exit_function()"],
    ids=["by the timer", "at the end of a worker of granian"],
)
def test_lines_are_written_in_time_and_once(end: str) -> None:
    program = PROGRAM.format(end=end)
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stderr.splitlines()[:2] == ["two", "one"]
    assert ended.stderr.splitlines()[2:] in ([], ["later"])
