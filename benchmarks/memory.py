"""The memory of the web server while a page of large images is rendered, and after it.

    python -m benchmarks.memory

Starts services and a web server as `make run` has them, stores photographs of 24 megapixels, and asks for 32
thumbnails at once. Writes benchmarks/results/memory.md, and exits 1 if the processes took too much."""

import json
import os
import re
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.bombs import Caller, Server, serving
from tests.support import images as made

RESULTS = Path(__file__).parent / "results" / "memory.md"
SIZE = (6_000, 4_000)
PHOTOGRAPHS = 4
THUMBNAILS = 32
ROUNDS = 3
WARM_S = 12
SETTLED_S = 30
MAX_PSS_MB = 300
MAX_KEPT_MB = 20
"""More than before the first thumbnail: what a first request imports and caches stays."""
PAUSE_S = 0.05
TOOLS_OF_TESTS = ("requests", "rich")
"""Django REST framework imports the first, structlog the second."""
KINDS = ("granian", "web processes", "forkservers and children")
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)

Sample = Counter[str]
"""PSS in bytes of each kind of process. A page that n processes share counts as 1/n in each of them."""


@dataclass
class Round:
    peak: Sample
    seconds: float
    refused: int


@dataclass
class Watch:
    """Takes samples of a server's processes as long as the context of `watch` lasts."""

    root: psutil.Process
    peak: Sample = field(default_factory=Counter)
    is_over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.is_over.wait(PAUSE_S):
            self.peak = max(self.peak, measure(self.root), key=Sample.total)


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with without_tools_of_tests(), serving() as server:
        ask = Caller(server, "honest")
        paths = store(ask)
        warm(ask, paths)
        time.sleep(WARM_S)
        idle = measure(server.process)
        show(f"idle: {in_mb(idle)}")
        rounds = []
        for number in range(ROUNDS):
            rounds.append(run_round(server, ask, paths, number))
            show(f"peak: {in_mb(rounds[-1].peak)}")
        time.sleep(SETTLED_S)
        settled = measure(server.process)
    text = report(idle, rounds, settled)
    RESULTS.write_text(text)
    show(text)
    peak_mb = statistics.median(each.peak.total() for each in rounds) / 1e6
    kept_mb = (settled.total() - idle.total()) / 1e6
    return int(peak_mb >= MAX_PSS_MB or kept_mb > MAX_KEPT_MB)


@contextmanager
def without_tools_of_tests() -> Iterator[None]:
    """Hide distributions that only the tests require, and that others import if they are there.

    An installation for a server does not have them."""
    with tempfile.TemporaryDirectory() as folder:
        for name in TOOLS_OF_TESTS:
            (Path(folder) / f"{name}.py").write_text("raise ImportError\n")
        os.environ["PYTHONPATH"] = folder
        yield


def store(ask: Caller) -> list[str]:
    """Upload photographs of 24 megapixels and return their paths."""
    content = made.encoded("jpeg", made.photograph(*SIZE), quality=85)
    answers = [ask("POST", "/images", content) for _ in range(PHOTOGRAPHS)]
    return [f"/images/{json.loads(body)['id']}" for _, body in answers]


def warm(ask: Caller, paths: list[str]) -> None:
    """Render a little in both web processes, so that each has its forkserver and a child."""
    urls = [f"{paths[0]}.jpg?w={200 + index}" for index in range(12)]
    with ThreadPoolExecutor(len(urls)) as threads:
        list(threads.map(lambda url: fetch(ask, url), urls))


def run_round(server: Server, ask: Caller, paths: list[str], number: int) -> Round:
    """Ask for new thumbnails at once, again for those that are refused, and watch the memory."""
    urls = [
        f"{paths[index % len(paths)]}.jpg?w={300 + number}&h={300 + index}&fit=cover"
        for index in range(THUMBNAILS)
    ]
    start = time.monotonic()
    with watch(server.process) as watching, ThreadPoolExecutor(THUMBNAILS) as threads:
        refused = sum(threads.map(lambda url: fetch(ask, url), urls))
        seconds = time.monotonic() - start
    return Round(watching.peak, seconds, refused)


def fetch(ask: Caller, url: str) -> int:
    """Return how often the request was refused before its answer."""
    refused = 0
    while (answer := ask("GET", url))[0] == 503:
        refused += 1
        time.sleep(0.5)
    if answer[0] != 200:
        raise SystemExit(f"{url}: {answer}")
    return refused


@contextmanager
def watch(root: psutil.Process) -> Iterator[Watch]:
    watching = Watch(root)
    thread = threading.Thread(target=watching.run)
    thread.start()
    try:
        yield watching
    finally:
        watching.is_over.set()
        thread.join()


def measure(root: psutil.Process) -> Sample:
    """Return the PSS of a server and of all processes below it."""
    sample: Sample = Counter()
    for process in (root, *root.children(recursive=True)):
        try:
            pss = _PSS.search(Path(f"/proc/{process.pid}/smaps_rollup").read_text())
            kind = "granian" if process == root else find_kind(process)
        except (OSError, psutil.Error):
            # it has ended
            continue
        sample[kind] += int(pss[1]) * 1_024 if pss else 0
    return sample


def find_kind(process: psutil.Process) -> str:
    command = " ".join(process.cmdline())
    if "multiprocessing.forkserver" in command:
        return "forkservers and children"
    return "web processes"


def in_mb(sample: Sample) -> str:
    parts = ", ".join(f"{kind} {sample[kind] / 1e6:.0f}" for kind in KINDS)
    return f"{sample.total() / 1e6:.0f} MB ({parts})"


def report(idle: Sample, rounds: list[Round], settled: Sample) -> str:
    columns = [
        ("before", idle),
        *((f"round {number}", each.peak) for number, each in enumerate(rounds, 1)),
        (f"{SETTLED_S} s later", settled),
    ]
    header = "".join(f" {name} |" for name, _ in columns)
    rows = [
        f"| {kind} |" + "".join(f" {sample[kind] / 1e6:.0f} |" for _, sample in columns) for kind in KINDS
    ]
    total = "".join(f" **{sample.total() / 1e6:.0f}** |" for _, sample in columns)
    took = ", ".join(f"{each.seconds:.1f} s ({each.refused} refusals)" for each in rounds)
    megapixels = SIZE[0] * SIZE[1] / 1e6
    return f"""# Memory while {THUMBNAILS} thumbnails of {megapixels:.0f} megapixels are rendered at once

granian with 2 workers on {os.cpu_count()} cores, files on disk, a server's requirements alone.
PSS in MB: a page that processes share counts in parts. A round has the sample with the largest total, of
one every {PAUSE_S * 1_000:.0f} ms. Allowed are {MAX_PSS_MB} MB in the median of the rounds,
and {MAX_KEPT_MB} MB more than before in the end.

| |{header}
|---|{"---|" * len(columns)}
{chr(10).join(rows)}
| all |{total}

The rounds took {took}.
"""


def show(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
