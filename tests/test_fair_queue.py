"""The fair queue for renderers: owners take turns, and no owner's queue fills the room of the others."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext

import pytest

from progimage.errors import Unavailable
from transforms.workers import fair_queue
from transforms.workers.fair_queue import FairQueue


class Crowd:
    """Owners that ask one after the other, and hold their place until the test lets them leave."""

    def __init__(self, admission: FairQueue, threads: ThreadPoolExecutor) -> None:
        self.admission, self.threads = admission, threads
        self.inside: list[str] = []
        self.refused: list[str] = []
        self._held: list[ExitStack] = []

    def come(self, *owners: str) -> None:
        for owner in owners:
            self.threads.submit(self._ask, owner)
            time.sleep(0.02)

    def leave(self, count: int = 1) -> None:
        for _ in range(count):
            self._held.pop(0).close()
            time.sleep(0.02)

    def _ask(self, owner: str) -> None:
        try:
            with ExitStack() as stack:
                stack.enter_context(self.admission.slot(owner, timeout_s=5))
                self._held.append(stack.pop_all())
                self.inside.append(owner)
        except Unavailable:
            self.refused.append(owner)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(32) as pool:
        yield pool


def test_owners_take_turns(threads: ThreadPoolExecutor) -> None:
    crowd = Crowd(FairQueue(slots=1, share=1, max_waiting=8), threads)
    crowd.come("a", "a", "a", "a", "b", "b", "c")
    crowd.leave(7)
    assert crowd.inside == ["a", "a", "b", "c", "a", "b", "a"]


def test_one_owner_alone_has_its_share_and_no_more(threads: ThreadPoolExecutor) -> None:
    crowd = Crowd(FairQueue(slots=3, share=2, max_waiting=8), threads)
    crowd.come("a", "a", "a")
    assert crowd.inside == ["a", "a"]
    crowd.come("b")
    assert crowd.inside == ["a", "a", "b"]
    crowd.leave(4)
    assert crowd.inside == ["a", "a", "b", "a"]


def test_who_comes_to_a_full_queue_has_the_last_place_of_the_longest_line(
    threads: ThreadPoolExecutor,
) -> None:
    crowd = Crowd(FairQueue(slots=1, share=1, max_waiting=3), threads)
    crowd.come("a", "a", "a", "a")
    assert crowd.refused == []
    crowd.come("a", "b", "b", "a", "c")
    assert crowd.refused == ["a", "a", "b", "a", "a"]
    crowd.leave(4)
    assert crowd.inside == ["a", "a", "b", "c"]


def test_waiting_ends_in_time_and_leaves_nothing_behind(threads: ThreadPoolExecutor) -> None:
    admission = FairQueue(slots=1, share=1, max_waiting=1)
    with admission.slot("a", timeout_s=1):
        for _ in range(3):
            with pytest.raises(Unavailable, match="none became free"), admission.slot("b", timeout_s=0.01):
                pass
    with admission.slot("b", timeout_s=0):
        pass


def test_dismissed_are_told_at_once(threads: ThreadPoolExecutor) -> None:
    crowd = Crowd(FairQueue(slots=1, share=1, max_waiting=8), threads)
    crowd.come("a", "a", "b")
    crowd.admission.dismiss()
    time.sleep(0.02)
    assert sorted(crowd.refused) == ["a", "b"]
    crowd.leave()
    crowd.come("b")
    assert crowd.inside == ["a", "b"]
    crowd.leave()


def test_nothing_is_lost_or_given_twice(threads: ThreadPoolExecutor) -> None:
    admission = FairQueue(slots=3, share=2, max_waiting=100)
    inside: list[str] = []
    most = 0

    def work(owner: str) -> None:
        nonlocal most
        with admission.slot(owner, timeout_s=5):
            inside.append(owner)
            most = max(most, len(inside))
            assert inside.count(owner) <= 2
            time.sleep(0.001)
            inside.remove(owner)

    for done in [threads.submit(work, owner) for owner in "abc" * 30]:
        done.result()
    assert (most, inside) == (3, [])


class TestCheckRoom:
    """It says beforehand which newcomers are refused, and takes no place itself."""

    @pytest.mark.parametrize(
        ("holding", "waiting", "newcomer", "is_refused"),
        [
            pytest.param("", "", "a", False, id="free"),
            pytest.param("a", "", "a", False, id="a place in the queue"),
            pytest.param("a", "aa", "a", True, id="a full queue of its own"),
            pytest.param("a", "aa", "b", False, id="a shorter line than that of another"),
            pytest.param("a", "bc", "a", True, id="as long a line as others have"),
            pytest.param("a", "bc", "b", True, id="a longer line than others have"),
        ],
    )
    def test_of_a_newcomer(
        self, threads: ThreadPoolExecutor, holding: str, waiting: str, newcomer: str, is_refused: bool
    ) -> None:
        crowd = Crowd(FairQueue(slots=1, share=1, max_waiting=2), threads)
        crowd.come(*holding, *waiting)
        for _ in range(3):
            with pytest.raises(Unavailable) if is_refused else nullcontext():
                crowd.admission.check_room(newcomer)
        inside = list(crowd.inside)
        crowd.come(newcomer)
        assert (crowd.refused == [newcomer]) == is_refused
        assert crowd.inside[: len(inside)] == inside
        crowd.leave(len(holding) + len(waiting) + (not is_refused) - (len(crowd.refused) and not is_refused))


def test_refusal_names_the_time_in_which_the_queue_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    clock_s = [0.0]
    monkeypatch.setattr(fair_queue, "monotonic", lambda: clock_s[0])
    admission = FairQueue(slots=1, share=1, max_waiting=0)
    told_s = []
    for task_s in (20, 20, 2_000, 0):
        with admission.slot("a", timeout_s=1):
            with pytest.raises(Unavailable) as refusal:
                admission.check_room("a")
            told_s.append(refusal.value.retry_after_s)
            clock_s[0] += task_s
    assert told_s == [1, 2, 4, 30]
