"""The pool: what children may do, what happens to those that do more, and what is left afterwards."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from progimage.errors import RangeNotSatisfiable, Unavailable, UnprocessableImage, UnsupportedFormat
from progimage.text_form import parse_query
from tests.support import images as made
from tests.support.child_tasks import (
    fail_with_more_than_a_message,
    hoard,
    look_around,
    nap,
    priority,
    resident_bytes,
    spin,
    take,
)
from transforms.planning.resolve import resolve
from transforms.workers.child import give_way
from transforms.workers.pool import PoolSettings, RenderPool, configure, pool

ROOT = Path(__file__).parent.parent


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


def wait_until(is_so: Callable[[], bool], *, within_s: float = 5.0) -> None:
    deadline = time.monotonic() + within_s
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_so()


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


def test_images_are_validated_and_rendered(make_pool: MakePool, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(made.encoded("jpeg"))
    renderers = make_pool(workers=2)
    assert renderers.validate(source).stored == (made.WIDTH, made.HEIGHT)
    facts = renderers.render(source, resolve(parse_query([("w", "30"), ("format", "png")]), "jpeg"), target)
    assert (facts.format, facts.width, facts.size_bytes) == ("png", 30, target.stat().st_size)


class TestErrors:
    def test_come_through_the_pipe_whole(self, make_pool: MakePool, tmp_path: Path) -> None:
        renderers = make_pool()
        with pytest.raises(RangeNotSatisfiable) as caught:
            renderers._run(fail_with_more_than_a_message)
        assert (caught.value.size, caught.value.message) == (77, "Expected a range inside the image")
        text = tmp_path / "text"
        text.write_text("hello")
        with pytest.raises(UnsupportedFormat):
            renderers.validate(text)

    def test_a_missing_file_is_not_the_images_fault(self, make_pool: MakePool, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            make_pool().validate(tmp_path / "nothing")


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


class TestQueue:
    def test_that_is_full_refuses_at_once(self, make_pool: MakePool) -> None:
        renderers = make_pool(workers=1, max_queue=2)
        renderers._run(nap, 0)
        with ThreadPoolExecutor(3) as threads:
            admitted = [threads.submit(renderers._run, nap, 1) for _ in range(3)]
            time.sleep(0.3)
            start = time.monotonic()
            with pytest.raises(Unavailable) as refusal:
                renderers._run(nap, 0)
            assert time.monotonic() - start < 0.5
            assert refusal.value.retry_after_s == 1
            assert all(task.result() for task in admitted)
        assert renderers._run(nap, 0) > 0

    def test_waiting_has_a_deadline_too(self, make_pool: MakePool) -> None:
        """Nothing is wrong with an image that found no renderer free."""
        renderers = make_pool(workers=1, max_queue=20, timeout_s=0.5)
        renderers._run(nap, 0)
        with ThreadPoolExecutor(8) as threads:
            tasks = [threads.submit(renderers._run, nap, 0.3) for _ in range(8)]
            errors = [task.exception() for task in tasks]
        assert sum(error is None for error in errors) >= 1
        assert {type(error) for error in errors} == {type(None), Unavailable}
        assert renderers._run(nap, 0) > 0


class TestOwners:
    def test_one_that_asks_for_much_does_not_keep_another_waiting(self, make_pool: MakePool) -> None:
        renderers = make_pool(workers=1, spare=1, max_queue=4)
        renderers._run(nap, 0)
        with ThreadPoolExecutor(5) as threads:
            tasks = [threads.submit(renderers._run, nap, 1, owner="greedy") for _ in range(5)]
            time.sleep(0.3)
            start = time.monotonic()
            assert renderers._run(nap, 0, owner="modest") > 0
            assert time.monotonic() - start < 0.7
            assert sum(task.exception() is None for task in tasks) == 5

    def test_validation_gives_way_and_renders_after_it_do_not(self, make_pool: MakePool) -> None:
        renderers = make_pool(workers=1)
        assert renderers._run(give_way, priority) > renderers._run(priority)


@pytest.mark.parametrize("error", [MemoryError, UnsupportedFormat])
def test_a_task_that_fails_gives_its_memory_back(error: type[Exception], make_pool: MakePool) -> None:
    renderers = make_pool(workers=1)
    before = renderers._run(resident_bytes)
    with pytest.raises((UnprocessableImage, UnsupportedFormat)):
        renderers._run(hoard, 200_000_000, error)
    assert renderers._run(resident_bytes) - before < 50_000_000


class TestStop:
    def test_ends_every_child_and_the_pool_starts_again(self, make_pool: MakePool) -> None:
        renderers = make_pool(workers=1)
        pid = renderers._run(nap, 0)
        renderers.stop()
        assert gone(pid)
        assert renderers._run(nap, 0) != pid

    def test_does_not_wait_for_work(self, make_pool: MakePool) -> None:
        renderers = make_pool(workers=1)
        renderers._run(nap, 0)
        with ThreadPoolExecutor(1) as threads:
            task = threads.submit(renderers._run, nap, 30)
            wait_until(lambda: any(future.running() for future in tuple(renderers._futures)))
            start = time.monotonic()
            renderers.stop()
            with pytest.raises(Unavailable):
                task.result(timeout=5)
        assert time.monotonic() - start < 2

    def test_a_task_that_was_admitted_before_is_not_begun_after(self, make_pool: MakePool) -> None:
        renderers = make_pool(workers=1)
        stops = renderers._stops
        renderers.stop()
        with pytest.raises(Unavailable):
            renderers._try(stops, nap, 0)

    def test_configure_stops_the_pool_before(self) -> None:
        configure(PoolSettings(workers=1, max_queue=0))
        before = pool()
        pid = before._run(nap, 0)
        configure(PoolSettings())
        assert gone(pid)
        assert pool() is not before
        pool().stop()


PROGRAM = """
import multiprocessing, os, signal, sys, time
import django  # as the main module of a server does, or manage.py
sys.path.insert(0, sys.argv[1])
from tests.support.child_tasks import look_around, nap
from transforms.workers.pool import PoolSettings, configure, pool

def tell(text):
    print(text, flush=True)

def serve():
    modules, environment, block, _ = pool()._run(look_around)
    tell(f"{'django' in modules} {'transforms.workers.forkserver' in modules} {environment} {b'hush' in block}")
    tell(" ".join({str(pool()._run(nap, 0.05)) for _ in range(4)}))

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


class TestProgram:
    """A whole process, as a server or a worker is one, started elsewhere than in the project."""

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param("serve()", id="main process"),
            pytest.param(
                "p = multiprocessing.get_context('fork').Process(target=serve); p.start(); p.join()",
                id="forked worker",
            ),
            pytest.param(
                "p = multiprocessing.get_context('spawn').Process(target=serve); p.start(); p.join()",
                id="spawned worker",
            ),
        ],
    )
    def test_ends_by_itself_and_leaves_nothing(self, body: str, tmp_path: Path) -> None:
        with start(body, tmp_path) as program:
            output, errors = program.communicate(timeout=20)
        seen, pids = output.splitlines()
        assert (seen, errors, program.returncode) == ("False True {} False", "", 0)
        assert gone(*map(int, pids.split()))

    @pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
    def test_that_is_killed_leaves_nothing(self, with_signal: signal.Signals, tmp_path: Path) -> None:
        with start("serve(); time.sleep(60)", tmp_path) as program:
            assert program.stdout
            program.stdout.readline()
            pids = [int(pid) for pid in program.stdout.readline().split()]
            family = [*pids, *children_of(program.pid)]
            program.send_signal(with_signal)
            program.wait(timeout=10)
            assert len(family) >= 3
            assert gone(*family)

    def test_that_forks_makes_a_pool_of_its_own(self, tmp_path: Path) -> None:
        body = "serve(); pid = os.fork()\n    serve()\n    if pid: os.waitpid(pid, 0)\n    else: os._exit(0)"
        with start(body, tmp_path) as program:
            output, errors = program.communicate(timeout=20)
        lines = [line for line in output.splitlines() if line[0].isdigit()]
        before, one, other = (set(line.split()) for line in lines)
        assert any(before & after for after in (one, other)), errors
        assert not one & other
        assert gone(*map(int, before | one))
