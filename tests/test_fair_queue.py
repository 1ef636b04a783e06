"""The queue of threads for the renderers. tests/test_lines.py has the rule by which it admits them."""

import time
from collections.abc import Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from progimage.errors import Unavailable
from tests.support.waiting import wait_until
from transforms.workers import fair_queue
from transforms.workers.fair_queue import FairQueue


class Crowd:
    """Owners that ask one after the other, and hold their place until the test lets them leave."""

    def __init__(self, queue: FairQueue, threads: ThreadPoolExecutor) -> None:
        self.queue, self.threads = queue, threads
        self.inside: list[str] = []
        self.refused: list[str] = []
        self._held: list[ExitStack] = []
        self._came = 0

    def come(self, *owners: str, estimate_s: float = 0.0) -> None:
        for owner in owners:
            self._came += 1
            self.threads.submit(self._ask, owner, estimate_s)
            self.settle()

    def leave(self, count: int = 1) -> None:
        for _ in range(count):
            self._held.pop(0).close()
            self.settle()

    def settle(self) -> None:
        """Wait until each one is inside, was refused or waits."""
        wait_until(lambda: len(self.inside) + len(self.refused) + waiting(self.queue) == self._came)

    def _ask(self, owner: str, estimate_s: float) -> None:
        try:
            with ExitStack() as stack:
                stack.enter_context(self.queue.slot(owner, timeout_s=5, estimate=lambda: estimate_s))
                self._held.append(stack.pop_all())
                self.inside.append(owner)
        except Unavailable:
            self.refused.append(owner)


def waiting(queue: FairQueue) -> int:
    """Return the number of threads that have a place in a line."""
    with queue._lock:
        return sum(map(len, queue._lines._lines.values()))


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(32) as pool:
        yield pool


def test_owners_take_turns(threads: ThreadPoolExecutor) -> None:
    crowd = Crowd(FairQueue(slots=1, share=1), threads)
    crowd.come("a", "a", "a", "a", "b", "b", "c")
    crowd.leave(7)
    assert crowd.inside == ["a", "a", "b", "c", "a", "b", "a"]


def test_a_task_that_cannot_be_done_in_time_is_refused_at_once(threads: ThreadPoolExecutor) -> None:
    crowd = Crowd(FairQueue(slots=1, share=1), threads)
    crowd.come("a", "a", "a", estimate_s=2)
    assert (crowd.inside, crowd.refused) == (["a"], ["a"])
    crowd.come("b", estimate_s=2)
    crowd.leave(3)
    assert (crowd.inside, crowd.refused) == (["a", "a", "b"], ["a"])


def test_a_task_is_refused_if_its_turn_comes_too_late(
    threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock_s = [0.0]
    monkeypatch.setattr(fair_queue, "monotonic", lambda: clock_s[0])
    queue = FairQueue(slots=1, share=1)
    with queue.slot("a", timeout_s=60):
        # Its estimate is that of its whole time.
        late = threads.submit(ExitStack().enter_context, queue.slot("b", timeout_s=60, estimate=lambda: 99))
        wait_until(lambda: waiting(queue) == 1)
        clock_s[0] += 31
        assert not late.done()
    assert isinstance(late.exception(timeout=5), Unavailable)
    with queue.slot("b", timeout_s=0):
        pass


def test_a_wait_ends_at_its_deadline_and_leaves_nothing_behind() -> None:
    queue = FairQueue(slots=1, share=1)
    with queue.slot("a", timeout_s=1):
        for _ in range(3):
            with pytest.raises(Unavailable, match="none became free"), queue.slot("b", timeout_s=0.01):
                pass
    with queue.slot("b", timeout_s=0):
        pass


def test_dismissed_are_told_at_once(threads: ThreadPoolExecutor) -> None:
    crowd = Crowd(FairQueue(slots=1, share=1), threads)
    crowd.come("a", "a", "b")
    crowd.queue.dismiss()
    crowd.settle()
    assert sorted(crowd.refused) == ["a", "b"]
    crowd.leave()
    crowd.come("b")
    assert crowd.inside == ["a", "b"]
    crowd.leave()


def test_nothing_is_lost_or_given_twice(threads: ThreadPoolExecutor) -> None:
    queue = FairQueue(slots=3, share=2)
    inside: list[str] = []
    most = 0

    def work(owner: str) -> None:
        nonlocal most
        with queue.slot(owner, timeout_s=5):
            inside.append(owner)
            most = max(most, len(inside))
            time.sleep(0.001)
            inside.remove(owner)

    for done in [threads.submit(work, owner) for owner in "abc" * 30]:
        done.result()
    assert (most, inside) == (3, [])


class TestWaitingRoom:
    """Threads that wait pass through it. It may be full."""

    def test_is_entered_by_those_alone_that_wait(self, threads: ThreadPoolExecutor) -> None:
        present: list[Hashable] = []

        @contextmanager
        def room(owner: Hashable) -> Iterator[None]:
            present.append(owner)
            yield
            present.remove(owner)

        crowd = Crowd(FairQueue(slots=1, share=1, waiting_room=room), threads)
        crowd.come("a")
        assert present == []
        crowd.come("b", "b")
        assert present == ["b", "b"]
        crowd.leave(2)
        wait_until(lambda: present == [])
        crowd.leave()

    def test_that_is_full_refuses_and_nothing_is_left_behind(self) -> None:
        @contextmanager
        def full(owner: Hashable) -> Iterator[None]:
            raise Unavailable("Too many wait")
            yield

        queue = FairQueue(slots=1, share=1, waiting_room=full)
        with queue.slot("a", timeout_s=1):
            for _ in range(3):
                with pytest.raises(Unavailable, match="Too many wait"), queue.slot("b", timeout_s=1):
                    pass
        with queue.slot("b", timeout_s=0):
            pass


class TestCheckRoom:
    """It says beforehand which newcomers are refused, and takes no place itself."""

    @pytest.mark.parametrize(
        ("before", "newcomer", "timeout_s", "is_refused"),
        [
            pytest.param("", "b", 1, False, id="the first of its line"),
            pytest.param("b", "b", 5, False, id="a line that is done in time"),
            pytest.param("b", "b", 2, True, id="a line that needs all the time"),
            pytest.param("b", "c", 2, False, id="a line of another"),
        ],
    )
    def test_of_a_newcomer(
        self,
        threads: ThreadPoolExecutor,
        before: str,
        newcomer: str,
        timeout_s: float,
        is_refused: bool,
    ) -> None:
        crowd = Crowd(FairQueue(slots=1, share=1), threads)
        crowd.come("a", *before, estimate_s=1.6)
        assert crowd.refused == []
        refusals = 0
        for _ in range(3):
            try:
                crowd.queue.check_room(newcomer, timeout_s=timeout_s)
            except Unavailable:
                refusals += 1
        assert refusals == (3 if is_refused else 0)
        crowd.leave(1 + len(before))


@pytest.mark.parametrize(("estimate_s", "least", "most"), [(0.1, 1, 1), (4, 9, 12), (90, 30, 30)])
def test_refusal_names_the_time_in_which_the_queue_is_served(
    threads: ThreadPoolExecutor,
    estimate_s: float,
    least: int,
    most: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Clients that are refused together come back at different times."""
    clock_s = [0.0]
    monkeypatch.setattr(fair_queue, "monotonic", lambda: clock_s[0])
    queue = FairQueue(slots=1, share=1)
    with ExitStack() as held:
        held.enter_context(queue.slot("a", timeout_s=100, estimate=lambda: estimate_s))
        waits = threads.submit(
            held.enter_context, queue.slot("a", timeout_s=100, estimate=lambda: estimate_s)
        )
        wait_until(lambda: waiting(queue) == 1)
        told_s = set()
        for _ in range(60):
            slot = queue.slot("a", timeout_s=0.1, estimate=lambda: 1)
            with pytest.raises(Unavailable) as refusal, slot:
                pass
            told_s.add(refusal.value.retry_after_s or 0)
        queue.dismiss()
        assert isinstance(waits.exception(timeout=5), Unavailable)
    assert (min(told_s), max(told_s)) == (least, most)
