"""A child of the pool: its limits, and the consequences of exceeding them."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from progimage.errors import Unavailable, UnprocessableImage
from progimage.text_form import parse_query
from tests.support import images as made
from tests.support.child_tasks import (
    look_around,
    nap,
    spin,
    take,
)
from tests.support.pools import (
    ROOT,
    MakePool,
    make_pool,
)
from transforms.planning.resolve import resolve

__all__ = ["make_pool"]


class TestDeadline:
    @pytest.mark.parametrize(
        "stuck", [pytest.param((spin,), id="in C"), pytest.param((nap, 30), id="asleep")]
    )
    def test_kills_and_the_neighbour_is_unharmed(self, stuck: tuple[Any, ...], make_pool: MakePool) -> None:
        renderers = make_pool(workers=2, timeout_s=0.6)
        neighbour = renderers._run(nap, 0.1)
        with ThreadPoolExecutor(2) as threads:
            start = time.monotonic()
            doomed = threads.submit(lambda: renderers._run(*stuck))
            others = [threads.submit(renderers._run, nap, 0.01) for _ in range(30)]
            pids = {other.result(timeout=5) for other in others}
            with pytest.raises(UnprocessableImage, match=r"at most 0\.6 s"):
                doomed.result(timeout=5)
        assert time.monotonic() - start < 2
        assert neighbour in pids or len(pids) == 1
        assert renderers._run(nap, 0) > 0

    def test_a_child_ends_itself_when_its_parent_cannot(self) -> None:
        """By an alarm, one second later than the deadline."""
        code = "from tests.support.child_tasks import spin; from transforms.workers.child import run; run(spin, (), 1e9, timeout_s=-0.9)"
        assert (
            subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=10, check=False).returncode
            == -signal.SIGALRM
        )


class TestChild:
    def test_knows_neither_django_nor_the_environment(self, make_pool: MakePool) -> None:
        modules, environment, block, core_bytes = make_pool()._run(look_around)
        assert not {
            name for name in modules if name.partition(".")[0] in ("django", "config", "images", "httpx")
        }
        assert "transforms.engine" in modules
        assert environment == {}
        assert block.strip(b"\0") == b""
        assert core_bytes == 0

    def test_may_take_only_so_much_memory(self, make_pool: MakePool) -> None:
        renderers = make_pool(max_child_memory_bytes=200_000_000)
        assert renderers._run(take, 100_000_000) == 100_000_000
        with pytest.raises(UnprocessableImage, match="memory"):
            renderers._run(take, 250_000_000)
        assert renderers._run(take, 1) == 1

    def test_may_write_only_so_much(self, make_pool: MakePool, tmp_path: Path) -> None:
        renderers = make_pool(max_output_bytes=10_000)
        source, target = tmp_path / "source", tmp_path / "target"
        source.write_bytes(made.encoded("png"))
        with pytest.raises(UnprocessableImage):
            renderers.render(source, resolve(parse_query([("format", "bmp")]), "png"), target)
        assert renderers.render(source, resolve(parse_query([("w", "10")]), "png"), target).width == 10

    @pytest.mark.parametrize("with_signal", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
    def test_that_dies_at_work_is_an_error_of_the_tree(
        self, with_signal: signal.Signals, make_pool: MakePool
    ) -> None:
        renderers = make_pool()
        with pytest.raises(UnprocessableImage, match="renderer ended"):
            renderers._run(signal.raise_signal, with_signal)
        assert renderers._run(nap, 0) > 0

    @pytest.mark.parametrize("workers", [1, 2])
    @pytest.mark.parametrize("pause_s", [0.05, 0.3])
    def test_that_dies_idle_is_replaced(self, workers: int, pause_s: float, make_pool: MakePool) -> None:
        renderers = make_pool(workers=workers)
        for _ in range(2):
            pid = renderers._run(nap, 0)
            time.sleep(0.02)  # until it waits for its next task
            os.kill(pid, signal.SIGKILL)
            time.sleep(pause_s)  # pebble looks after its children each 0.1 s
            assert renderers._run(nap, 0) > 0

    def test_that_dies_with_the_lock_of_the_queue_costs_one_deadline(self, make_pool: MakePool) -> None:
        renderers = make_pool(workers=2, timeout_s=0.5)
        renderers._run(nap, 0)
        manager: Any = renderers._processes._pool_manager  # type: ignore[union-attr]
        manager.worker_manager.workers_channel.mutex.acquire()
        with pytest.raises(Unavailable):
            renderers._run(nap, 0)
        assert renderers._run(nap, 0) > 0

    def test_is_replaced_after_so_many_tasks(self, make_pool: MakePool) -> None:
        renderers = make_pool(max_tasks=3)
        assert len({renderers._run(nap, 0) for _ in range(9)}) == 3
