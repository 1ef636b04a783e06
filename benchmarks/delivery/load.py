"""A closed loop of requests over a fixed number of connections: threads of this process, or wrk.

Both send over connections that stay open. The threads report the CPU that they cost, some 0.1 ms a request.
They are for requests that take a server much more than that; wrk is for hits."""

import json
import shutil
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

from .connection import Connection, Request

LUA = Path(__file__).with_name("wrk.lua")
HAS_WRK = shutil.which("wrk") is not None
TIMEOUT_S = 60


@dataclass(frozen=True)
class Target:
    """A server on this machine, and the headers of every request to it."""

    port: int
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Load:
    """The result of one window. Only answers with 200 or 201 are `good`."""

    good: int
    refused: int
    failed: int
    wall_s: float
    p50_ms: float
    p99_ms: float
    client: str = ""

    @property
    def answers(self) -> int:
        return self.good + self.refused + self.failed

    @property
    def per_s(self) -> float:
        return self.good / self.wall_s if self.wall_s else 0.0


def load_with_threads(
    target: Target, requests: Iterable[Request], connections: int, *, seconds: float = 1e9
) -> Load:
    """Send the requests over so many connections, until none is left or the time is over."""
    following = _Locked(iter(requests))
    statuses: Counter[int] = Counter()
    took_ms: list[float] = []
    lines = [Connection(target.port, target.headers) for _ in range(connections)]
    start_line = threading.Barrier(connections + 1)
    deadline_s = [0.0]

    def work(line: Connection) -> None:
        start_line.wait()
        while time.perf_counter() < deadline_s[0] and (request := following.take()) is not None:
            start = time.perf_counter()
            try:
                status = line.ask(request)
            except (OSError, HTTPException):
                status = 0
            if status in (200, 201):
                took_ms.append((time.perf_counter() - start) * 1_000)
            statuses[status] += 1

    threads = [threading.Thread(target=work, args=(line,)) for line in lines]
    for thread in threads:
        thread.start()
    own_cpu = time.process_time()
    start = time.perf_counter()
    deadline_s[0] = start + seconds
    start_line.wait()
    for thread in threads:
        thread.join()
    wall_s = time.perf_counter() - start
    own_ms = (time.process_time() - own_cpu) * 1_000
    for line in lines:
        line.close()
    good = statuses[200] + statuses[201]
    total = sum(statuses.values())
    client = f"threads, {own_ms / max(1, total):.2f} CPU-ms a request"
    failed = total - good - statuses[503]
    return Load(good, statuses[503], failed, wall_s, percentile(took_ms, 50), percentile(took_ms, 99), client)


def load_with_wrk(
    target: Target, paths: Sequence[str], connections: int, *, seconds: int, is_each_once: bool = False
) -> Load:
    """Let wrk ask for the paths: round and round for so many seconds, or each once."""
    with tempfile.NamedTemporaryFile("w", suffix=".paths") as file:
        file.write("\n".join(paths))
        file.flush()
        headers = [part for name, value in target.headers.items() for part in ("-H", f"{name}: {value}")]
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={TIMEOUT_S}s", *headers]
        command += ["-s", str(LUA), f"http://127.0.0.1:{target.port}", "--", file.name]
        command += ["once"] if is_each_once else []
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return read_wrk(done.stdout)


def read_wrk(output: str) -> Load:
    """Read the line of JSON that wrk.lua writes. wrk tells statuses above 399 only together."""
    facts = json.loads(output.splitlines()[-1])
    failed = facts["not_connected"] + facts["not_read"] + facts["not_written"] + facts["timeouts"]
    good = facts["requests"] - facts["statuses_above_399"]
    wall_s = facts["took_us"] / 1e6
    return Load(
        good, facts["statuses_above_399"], failed, wall_s, facts["p50_us"] / 1e3, facts["p99_us"] / 1e3, "wrk"
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value below which so many percent are; 0 if there are no values."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


class _Locked:
    """An iterator that threads share."""

    def __init__(self, requests: Iterator[Request]) -> None:
        self._requests = requests
        self._lock = threading.Lock()

    def take(self) -> Request | None:
        with self._lock:
            return next(self._requests, None)
