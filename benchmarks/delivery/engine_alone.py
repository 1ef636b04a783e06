"""Bare loops over the engine, and over a decode and a put, in as many processes as the machine has cores.

Their cost is that of a request without a server around it: no HTTP, no rows, no limits."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from PIL import Image

from progimage.text_form import parse_query
from transforms.engine import render_file
from transforms.planning.resolve import resolve

CORES = os.cpu_count() or 1
Job = tuple[Path, str]
"""A photograph, and the query of its rendition."""


@dataclass(frozen=True)
class LoopResult:
    wall_s: float
    cpu_ms: float
    """The mean of one job, user and system time."""
    count: int

    @property
    def per_s(self) -> float:
        return self.count / self.wall_s


@contextmanager
def warm_processes(warm_up: Callable[[Job], float], job: Job) -> Iterator[ProcessPoolExecutor]:
    """Yield processes that have done `job` at least once each, without those that only wait."""
    with ProcessPoolExecutor(CORES, mp_context=get_context("forkserver")) as processes:
        list(processes.map(warm_up, [job] * CORES * 2))
        yield processes


def run_loop(processes: ProcessPoolExecutor, work: Callable[[Job], float], jobs: Sequence[Job]) -> LoopResult:
    start = time.perf_counter()
    cpu_s = list(processes.map(work, jobs))
    return LoopResult(time.perf_counter() - start, sum(cpu_s) * 1_000 / len(jobs), len(jobs))


def render(job: Job) -> float:
    """Render a photograph into a file, and return the CPU seconds."""
    photograph, query = job
    start = time.process_time()
    pairs = [tuple(pair.split("=", 1)) for pair in query.split("&")]
    transform = resolve(parse_query(pairs), "jpeg")  # type: ignore[arg-type]
    with tempfile.NamedTemporaryFile(dir=photograph.parent) as target:
        render_file(photograph, transform, Path(target.name))
    return time.process_time() - start


def decode_and_put(job: Job) -> float:
    """Decode a photograph whole, and put its bytes under a new name, both synced: return the CPU seconds.

    A put is a written file, its fsync, its link to a name, and the fsync of the folder."""
    photograph, name = job
    start = time.process_time()
    with Image.open(photograph) as image:
        image.load()
    folder = photograph.parent
    with tempfile.NamedTemporaryFile(dir=folder) as partial:
        partial.write(photograph.read_bytes())
        partial.flush()
        os.fsync(partial.fileno())
        os.link(partial.name, folder / name)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return time.process_time() - start
