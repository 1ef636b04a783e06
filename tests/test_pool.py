"""The pool: its results, its errors, its queue, and how it stops."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from progimage.errors import RangeNotSatisfiable, Unavailable, UnprocessableImage, UnsupportedFormat
from progimage.text_form import parse_query
from tests.support import images as made
from tests.support.child_tasks import (
    fail_with_more_than_a_message,
    hoard,
    nap,
    priority,
    resident_bytes,
    run_task,
    wait_for_file,
)
from tests.support.pools import MakePool, busy, gone, make_pool
from tests.support.waiting import wait_until
from transforms.planning.resolve import resolve
from transforms.workers.child import give_way
from transforms.workers.costs import UNKNOWN
from transforms.workers.pool import RenderPool, configure, pool
from transforms.workers.pool_settings import PoolSettings

__all__ = ["make_pool"]


def test_images_are_validated_and_rendered(make_pool: MakePool, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(made.encoded("jpeg"))
    renderers = make_pool(workers=2)
    assert renderers.validate(source).stored == (made.WIDTH, made.HEIGHT)
    with renderers.turn() as turn:
        facts = turn.render(source, resolve(parse_query([("w", "30"), ("format", "png")]), "jpeg"), target)
    assert (facts.format, facts.width, facts.size_bytes) == ("png", 30, target.stat().st_size)


class TestErrors:
    def test_come_through_the_pipe_whole(self, make_pool: MakePool, tmp_path: Path) -> None:
        renderers = make_pool()
        with pytest.raises(RangeNotSatisfiable) as caught:
            run_task(renderers, fail_with_more_than_a_message)
        assert (caught.value.size, caught.value.message) == (77, "Expected a range inside the image")
        text = tmp_path / "text"
        text.write_text("hello")
        with pytest.raises(UnsupportedFormat):
            renderers.validate(text)

    def test_a_missing_file_is_not_the_images_fault(self, make_pool: MakePool, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            make_pool().validate(tmp_path / "nothing")


def learn(renderers: RenderPool, *, elapsed_s: float) -> None:
    """Let the pool know how long tasks take that `run_task` runs, and start a child."""
    for _ in range(10):
        renderers._costs.learn(UNKNOWN, elapsed_s=elapsed_s)
    run_task(renderers, nap, elapsed_s)


class TestQueue:
    def test_that_is_full_refuses_at_once(self, make_pool: MakePool, tmp_path: Path) -> None:
        renderers = make_pool(workers=1, timeout_s=2.5)
        learn(renderers, elapsed_s=1)
        end = tmp_path / "end"
        with ThreadPoolExecutor(2) as threads:
            admitted = [threads.submit(run_task, renderers, wait_for_file, end) for _ in range(2)]
            time.sleep(0.3)
            with pytest.raises(Unavailable) as refusal:
                run_task(renderers, nap, 0)
            assert not any(task.done() for task in admitted)
            end.touch()
            assert refusal.value.retry_after_s in range(1, 5)
            assert all(task.result() for task in admitted)
        assert run_task(renderers, nap, 0) > 0

    def test_waiting_has_a_deadline_too(self, make_pool: MakePool) -> None:
        """Nothing is wrong with an image that found no renderer free."""
        renderers = make_pool(workers=1, timeout_s=0.5)
        run_task(renderers, nap, 0)
        with ThreadPoolExecutor(8) as threads:
            tasks = [threads.submit(run_task, renderers, nap, 0.3) for _ in range(8)]
            errors = [task.exception() for task in tasks]
        assert sum(error is None for error in errors) >= 1
        assert {type(error) for error in errors} == {type(None), Unavailable}
        assert run_task(renderers, nap, 0) > 0


class TestOwners:
    def test_one_that_asks_for_much_does_not_keep_another_waiting(
        self, make_pool: MakePool, tmp_path: Path
    ) -> None:
        """The spare child is not lent for work of more than a second."""
        end = tmp_path / "end"
        renderers = make_pool(workers=1, spare=1)
        learn(renderers, elapsed_s=1.2)
        with ThreadPoolExecutor(5) as threads:
            tasks = [
                threads.submit(run_task, renderers, wait_for_file, end, owner="greedy") for _ in range(5)
            ]
            time.sleep(0.3)
            assert run_task(renderers, nap, 0, owner="modest") > 0
            assert not any(task.done() for task in tasks)
            end.touch()
            assert sum(task.exception() is None for task in tasks) == 5

    def test_validation_gives_way_and_renders_after_it_do_not(self, make_pool: MakePool) -> None:
        renderers = make_pool(workers=1)
        assert run_task(renderers, give_way, priority) > run_task(renderers, priority)


@pytest.mark.parametrize("error", [MemoryError, UnsupportedFormat])
def test_a_task_that_fails_gives_its_memory_back(error: type[Exception], make_pool: MakePool) -> None:
    renderers = make_pool(workers=1)
    before = run_task(renderers, resident_bytes)
    with pytest.raises((UnprocessableImage, UnsupportedFormat)):
        run_task(renderers, hoard, 200_000_000, error)
    assert run_task(renderers, resident_bytes) - before < 50_000_000


class TestStop:
    def test_ends_every_child_and_the_pool_starts_again(self, make_pool: MakePool) -> None:
        renderers = make_pool(workers=1)
        pid = run_task(renderers, nap, 0)
        renderers.stop()
        assert gone(pid)
        assert run_task(renderers, nap, 0) != pid

    def test_does_not_wait_for_work(self, make_pool: MakePool) -> None:
        renderers = make_pool(workers=1)
        run_task(renderers, nap, 0)
        with ThreadPoolExecutor(1) as threads:
            task = threads.submit(run_task, renderers, nap, 30)
            wait_until(lambda: busy(renderers._processes) == 1)
            start = time.monotonic()
            renderers.stop()
            with pytest.raises(Unavailable):
                task.result(timeout=5)
        assert time.monotonic() - start < 20

    def test_a_task_that_was_admitted_before_is_not_begun_after(self, make_pool: MakePool) -> None:
        renderers = make_pool(workers=1)
        with renderers.turn() as turn:
            renderers.stop()
            with pytest.raises(Unavailable):
                turn.run(nap, 0)

    def test_configure_stops_the_pool_before(self) -> None:
        configure(PoolSettings(workers=1))
        before = pool()
        pid = run_task(before, nap, 0)
        configure(PoolSettings())
        assert gone(pid)
        assert pool() is not before
        pool().stop()
