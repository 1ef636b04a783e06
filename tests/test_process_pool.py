"""The processes of a pool: warm, replaced in the background, and gone when nobody needs them."""

import errno
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from progimage.errors import Unavailable
from tests.support.child_tasks import (
    fail_to_answer,
    free_small_blocks,
    hang_up_and_nap,
    nap,
    resident_bytes,
    return_more_than_facts,
)
from tests.support.pools import busy, gone, is_running
from tests.support.waiting import wait_until
from transforms.workers import process_pool, warm_child
from transforms.workers.child import ChildLimits
from transforms.workers.pipe import DeadlinePassed
from transforms.workers.pool_settings import PoolSettings
from transforms.workers.process_pool import Processes
from transforms.workers.warm_child import ChildEnded, WarmChild

MakeProcesses = Callable[..., Processes]


@pytest.fixture
def make() -> Iterator[MakeProcesses]:
    made: list[Processes] = []

    def make_processes(*, idle_s: float = 60, **settings: Any) -> Processes:
        made.append(Processes(PoolSettings(**settings), idle_s=idle_s))
        return made[-1]

    yield make_processes
    for each in made:
        each.stop()


def run(processes: Processes, function: Callable[..., Any], *args: Any, wall_s: float = 10) -> Any:
    return processes.run(function, args, wall_s=wall_s)


def pids(processes: Processes) -> set[int | None]:
    return {child.pid for child in tuple(processes._children)}


class TestChildren:
    def test_one_is_started_for_one_task_at_a_time(self, make: MakeProcesses) -> None:
        processes = make(workers=3)
        assert len({run(processes, nap, 0) for _ in range(5)}) == 1
        assert len(pids(processes)) == 1

    def test_the_warmest_is_used_first(self, make: MakeProcesses) -> None:
        processes = make(workers=2)
        with ThreadPoolExecutor(2) as threads:
            first, second = (threads.submit(run, processes, nap, pause_s) for pause_s in (0.3, 0.6))
            assert first.result() != second.result()
        assert {run(processes, nap, 0) for _ in range(4)} == {second.result()}

    def test_there_are_never_more_than_the_settings_say(self, make: MakeProcesses) -> None:
        """More tasks than children wait. Admission keeps them away."""
        processes = make(workers=2, max_tasks=3)
        with ThreadPoolExecutor(8) as threads:
            tasks = [threads.submit(run, processes, nap, 0.01) for _ in range(40)]
            while not all(task.done() for task in tasks):
                assert len(pids(processes)) <= 2
            used = [task.result() for task in tasks]
        assert max(used.count(pid) for pid in used) == 3

    def test_a_task_waits_for_a_child_only_so_long(self, make: MakeProcesses) -> None:
        processes = make(workers=1, timeout_s=0.3)
        run(processes, nap, 0)
        with ThreadPoolExecutor(1) as threads:
            long = threads.submit(run, processes, nap, 1.5)
            wait_until(lambda: busy(processes) == 1)
            with pytest.raises(Unavailable, match="none became free"):
                run(processes, nap, 0)
            assert long.result()


class TestReplaced:
    def test_before_the_next_task_needs_it(self, make: MakeProcesses) -> None:
        processes = make(workers=1, max_tasks=1)
        before = run(processes, nap, 0)
        wait_until(lambda: len(processes._idle) == 1)
        (ahead,) = pids(processes)
        assert ahead != before
        assert gone(before)
        assert run(processes, nap, 0) == ahead

    def test_after_it_was_killed_at_work(self, make: MakeProcesses) -> None:
        processes = make(workers=1)
        run(processes, nap, 0)
        with pytest.raises(ChildEnded) as ended:
            run(processes, signal.raise_signal, signal.SIGKILL)
        assert ended.value.exitcode == -signal.SIGKILL
        wait_until(lambda: len(processes._idle) == 1)

    def test_after_its_deadline(self, make: MakeProcesses) -> None:
        processes = make(workers=1)
        pid = run(processes, nap, 0)
        with pytest.raises(DeadlinePassed):
            run(processes, nap, 30, wall_s=0.2)
        assert gone(pid)
        assert run(processes, nap, 0) != pid

    def test_after_it_was_stopped_while_it_was_idle(self, make: MakeProcesses) -> None:
        """It costs one task its deadline, and no more than that."""
        processes = make(workers=1)
        pid = run(processes, nap, 0)
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(DeadlinePassed):
            run(processes, nap, 0, wall_s=0.3)
        assert run(processes, nap, 0, wall_s=10) != pid

    def test_after_an_answer_that_is_none(self, make: MakeProcesses) -> None:
        processes = make(workers=1)
        pid = run(processes, nap, 0)
        with pytest.raises(Exception, match="stack underflow"):
            run(processes, fail_to_answer)
        assert gone(pid)
        assert run(processes, nap, 0) != pid


class TestStart:
    def test_goes_on_after_the_forkserver_was_killed(
        self, make: MakeProcesses, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The kernel refuses connections to it before it says that the process has ended."""
        failures: list[Exception] = [ConnectionRefusedError(), EOFError()]

        def start(limits: ChildLimits) -> WarmChild:
            if failures:
                raise failures.pop()
            return WarmChild(limits)

        monkeypatch.setattr(process_pool, "WarmChild", start)
        assert run(make(workers=1), nap, 0)
        assert failures == []

    def test_that_the_machine_refuses_is_a_503_and_leaves_the_vacancy(
        self, make: MakeProcesses, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        processes = make(workers=1)
        with monkeypatch.context() as patched:
            patched.setattr(process_pool, "WarmChild", refuse)
            for _ in range(3):
                with pytest.raises(Unavailable, match="No renderer could be started"):
                    run(processes, nap, 0)
        assert run(processes, nap, 0)

    def test_does_not_wait_for_a_child_that_has_hung_up_and_lives_on(self, make: MakeProcesses) -> None:
        processes = make(workers=2)
        pid = run(processes, nap, 0)
        with ThreadPoolExecutor(1) as threads:
            ending = threads.submit(run, processes, hang_up_and_nap, 30)
            wait_until(lambda: has_hung_up(pid))
            assert warm_child._lock.acquire(timeout=1), "whoever starts or ends a child needs it"
            is_pending = not ending.done()
            warm_child._lock.release()
            with pytest.raises(ChildEnded):
                ending.result()
        assert is_pending
        assert gone(pid)


def refuse(limits: ChildLimits) -> WarmChild:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def has_hung_up(pid: int) -> bool:
    return not any(each.is_socket() for each in Path(f"/proc/{pid}/fd").iterdir())


def test_a_result_that_is_no_fact_is_refused(make: MakeProcesses) -> None:
    with pytest.raises(Exception, match="Expected facts"):
        run(make(), return_more_than_facts)


class TestIdle:
    def test_all_but_one_end(self, make: MakeProcesses) -> None:
        processes = make(workers=3, idle_s=0.5)
        with ThreadPoolExecutor(3) as threads:
            tasks = [threads.submit(run, processes, nap, 0.4) for _ in range(3)]
            used = {task.result() for task in tasks}
        assert len(used) == 3
        wait_until(lambda: len(pids(processes)) == 1)
        (kept,) = pids(processes)
        assert kept in used
        assert gone(*(used - {kept}))
        assert run(processes, nap, 0) == kept

    def test_they_end_even_if_they_would_not_by_themselves(self, make: MakeProcesses) -> None:
        processes = make(workers=2, idle_s=0.5)
        with ThreadPoolExecutor(2) as threads:
            tasks = [threads.submit(run, processes, nap, pause_s) for pause_s in (0.2, 0.4)]
            first, _ = (task.result() for task in tasks)
        os.kill(first, signal.SIGSTOP)
        assert gone(first)

    def test_the_timer_comes_when_no_child_is_left(self, make: MakeProcesses) -> None:
        processes = make(workers=2)
        processes._end_idle()
        assert run(processes, nap, 0)

    def test_one_that_is_used_stays(self, make: MakeProcesses) -> None:
        processes = make(workers=2, idle_s=0.6)
        with ThreadPoolExecutor(2) as threads:
            used = set(threads.map(lambda _: run(processes, nap, 0.3), range(2)))
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            latest = run(processes, nap, 0.05)
        assert is_running(latest)
        assert gone(*(used - {latest}))

    def test_the_last_one_gives_its_memory_back(self, make: MakeProcesses) -> None:
        processes = make(workers=1)
        before = run(processes, resident_bytes)
        kept = run(processes, free_small_blocks, 100_000_000)
        assert kept - before > 50_000_000
        time.sleep(2)
        assert run(processes, resident_bytes) - before < 20_000_000

    def test_three_share_most_of_their_memory(self, make: MakeProcesses) -> None:
        """A child that imported the engine by itself would take 30 MB."""
        processes = make(workers=3)
        with ThreadPoolExecutor(3) as threads:
            used = set(threads.map(lambda _: run(processes, nap, 0.4), range(3)))
        assert len(used) == 3
        assert sum(private_bytes(pid) for pid in used) < 45_000_000


def private_bytes(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(size) * 1_024 for size in re.findall(r"^Private_\w+:\s+(\d+) kB", text, re.MULTILINE))
