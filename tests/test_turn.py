"""A turn at the children: a task is judged by its CPU time, and the clock blames the machine."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest

from progimage.errors import TakesTooLong, Unavailable
from tests.support.child_tasks import burn, nap, run_task, spin, spin_in_threads
from tests.support.pools import MakePool, busy, make_pool
from tests.support.waiting import wait_until
from transforms.workers.child import give_way

__all__ = ["make_pool"]


class TestDeadline:
    @pytest.mark.parametrize(
        ("stuck", "wall_factor", "error", "message"),
        [
            pytest.param((spin,), 20, TakesTooLong, r"at most 0\.8 s of CPU", id="in C"),
            pytest.param((spin_in_threads,), 20, TakesTooLong, r"at most 0\.8 s of CPU", id="in threads"),
            pytest.param((give_way, spin), 20, TakesTooLong, r"at most 0\.8 s of CPU", id="at low priority"),
            pytest.param((nap, 30), 2, Unavailable, r"too busy .* within 1\.6 s", id="asleep"),
        ],
    )
    def test_kills_and_the_neighbour_is_unharmed(
        self,
        stuck: tuple[Any, ...],
        wall_factor: float,
        error: type[Exception],
        message: str,
        make_pool: MakePool,
    ) -> None:
        renderers = make_pool(workers=2, timeout_s=0.8, wall_factor=wall_factor)
        neighbour = run_task(renderers, nap, 0.1)
        with ThreadPoolExecutor(2) as threads:
            doomed = threads.submit(lambda: run_task(renderers, *stuck))
            others = [threads.submit(run_task, renderers, nap, 0.01) for _ in range(30)]
            pids = {other.result(timeout=5) for other in others}
            with pytest.raises(error, match=message):
                doomed.result(timeout=17)
        assert neighbour in pids or len(pids) == 1
        assert run_task(renderers, nap, 0) > 0

    def test_cpu_time_is_that_of_one_task(self, make_pool: MakePool) -> None:
        """A child does many tasks, and each has the whole time."""
        renderers = make_pool(timeout_s=0.5, wall_factor=20)
        assert len({run_task(renderers, burn, 0.3) for _ in range(4)}) == 1

    def test_an_image_that_takes_too_long_costs_its_time_once(self, make_pool: MakePool) -> None:
        renderers = make_pool(timeout_s=0.6, wall_factor=20)
        run_task(renderers, nap, 0)
        before_s = _children_cpu_s()
        with pytest.raises(TakesTooLong):
            run_task(renderers, spin)
        assert _children_cpu_s() - before_s < 1.1

    def test_a_busy_machine_is_not_the_images_fault(self, make_pool: MakePool) -> None:
        """A child that another process keeps from the processor has its own time left."""
        renderers = make_pool(timeout_s=0.6, wall_factor=20)
        pid = run_task(renderers, nap, 0)
        with ThreadPoolExecutor(1) as threads:
            task = threads.submit(run_task, renderers, burn, 0.3)
            wait_until(lambda: busy(renderers._processes) == 1)
            os.kill(pid, signal.SIGSTOP)
            time.sleep(1)
            os.kill(pid, signal.SIGCONT)
            assert task.result(timeout=5) == pid

    def test_a_stopped_child_is_replaced(self, make_pool: MakePool) -> None:
        renderers = make_pool(timeout_s=0.3)
        with pytest.raises(Unavailable):
            run_task(renderers, signal.raise_signal, signal.SIGSTOP)
        assert run_task(renderers, nap, 0) > 0


def _children_cpu_s() -> float:
    """Return the CPU time of the forkserver's children: of those that live, and of those that ended."""
    family = psutil.Process().children(recursive=True)
    return sum(sum(process.cpu_times()[:4]) for process in family)
