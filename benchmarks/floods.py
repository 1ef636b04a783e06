"""Clients of a benchmark: some ask at a steady rate, others flood the server."""

import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count

import psutil

WINDOW_S = 12.0
WINDOWS = ("idle", "bombs", "renders")
MAX_RATIO = 2.0
"""Of the p95 while bombs are uploaded to the p95 without."""
MAX_ADDED_MS = 1_000
"""To the p95 while another account asks for renders."""


@dataclass
class Server:
    port: int
    keys: dict[str, str]
    process: psutil.Process


@dataclass
class Caller:
    """An account's client, with a connection for each thread."""

    server: Server
    account: str
    _local: threading.local = field(default_factory=threading.local)

    def __call__(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self.server.keys[self.account]}", "Content-Type": "image/x"}
        if not hasattr(self._local, "http"):
            self._local.http = HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        try:
            self._local.http.request(method, path, body=body, headers=headers)
            answer = self._local.http.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException):
            self._local.http.close()
            return 0, b""


@dataclass
class Steady:
    """One kind of request at a steady rate. Its time counts from when it was due."""

    ask: Callable[[str, str], tuple[int, bytes]]
    paths: Iterator[str]
    per_s: float
    fresh: list[tuple[str, float]] = field(default_factory=list)
    took_ms: dict[str, list[float]] = field(default_factory=lambda: {window: [] for window in WINDOWS})
    failed: Counter[str] = field(default_factory=Counter)

    def run(self, window: str, threads: ThreadPoolExecutor) -> None:
        start = time.perf_counter()
        for number in range(int(WINDOW_S * self.per_s)):
            due = start + number / self.per_s
            time.sleep(max(0.0, due - time.perf_counter()))
            threads.submit(self._one, next(self.paths), due, window)

    def _one(self, path: str, due: float, window: str) -> None:
        status, _ = self.ask("GET", path)
        self.fresh.append((window, (time.perf_counter() - due) * 1_000))
        if status != 200:
            self.failed[f"{window}: {status}"] += 1

    def end_round(self, *, counts: bool) -> None:
        for window, took_ms in self.fresh if counts else ():
            self.took_ms[window].append(took_ms)
        self.fresh.clear()

    def p95(self, window: str) -> float:
        return statistics.quantiles(self.took_ms[window], n=100)[94]

    def ratio(self, window: str) -> float:
        return self.p95(window) / self.p95("idle")

    @property
    def is_disturbed(self) -> bool:
        added_ms = self.p95("renders") - self.p95("idle")
        return self.ratio("bombs") >= MAX_RATIO or added_ms >= MAX_ADDED_MS or self.failed.total() > 0


@dataclass
class Flood:
    """Requests of an account that are under way all the time. `ask` sends one and returns its status.

    Each client that is told to come later does, after twice as long each time. A client that was answered
    sends another one."""

    count: int
    ask: Callable[[int], int]
    answers: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def under_way(self) -> Iterator[None]:
        over = threading.Event()
        with ThreadPoolExecutor(self.count) as threads:
            try:
                for number in range(self.count):
                    threads.submit(self._keep_on, number, over)
                yield
            finally:
                over.set()

    def _keep_on(self, first: int, over: threading.Event) -> None:
        pause_s = 1.0
        for number in count(first):
            status = self.ask(number)
            self.answers[str(status)] += not over.is_set()
            jitter = random.uniform(0.5, 1.5)  # noqa: S311
            if over.wait(pause_s * jitter if status == 503 else 0.0):
                return
            pause_s = 2 * pause_s if status == 503 else 1.0

    def told(self) -> str:
        return ", ".join(f"{number} x {status}" for status, number in sorted(self.answers.items()))
