"""Pools of a test, and programs that have one."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from transforms.workers.pool import RenderPool
from transforms.workers.pool_settings import PoolSettings
from transforms.workers.process_pool import Processes

ROOT = Path(__file__).parents[2]


@pytest.fixture
def make_pool() -> Iterator[Callable[..., RenderPool]]:
    made_pools: list[RenderPool] = []

    def make(**settings: object) -> RenderPool:
        made_pools.append(RenderPool(PoolSettings(**settings)))  # type: ignore[arg-type]
        return made_pools[-1]

    yield make
    for each in made_pools:
        each.stop()


MakePool = Callable[..., RenderPool]


def busy(processes: Processes) -> int:
    """Return the number of children that are at work."""
    with processes._changed:
        return len(processes._children) - len(processes._idle)


def is_running(pid: int) -> bool:
    """A zombie runs no more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(*pids: int, within_s: float = 3.0) -> bool:
    end = time.monotonic() + within_s
    while any(map(is_running, pids)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(map(is_running, pids))


PROGRAM = """
import multiprocessing, os, signal, sys, time
import django  # as the main module of a server does, or manage.py
sys.path.insert(0, sys.argv[1])
from tests.support.child_tasks import look_around, nap, run_task
from transforms.workers.pool import configure, pool
from transforms.workers.pool_settings import PoolSettings

def tell(text):
    print(text, flush=True)

def serve():
    modules, environment, block, _ = run_task(pool(), look_around)
    tell(f"{'django' in modules} {'transforms.workers.forkserver' in modules} {environment} {b'hush' in block}")
    tell(" ".join({str(run_task(pool(), nap, 0.05)) for _ in range(4)}))

if __name__ == "__main__":
    configure(PoolSettings(workers=2))
    {body}
"""


def start(body: str, tmp_path: Path) -> subprocess.Popen[str]:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.replace("{body}", body))
    return subprocess.Popen(
        [sys.executable, program, str(ROOT)],
        cwd=tmp_path,
        env=os.environ | {"PROGRAM_SECRET": "hush"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
