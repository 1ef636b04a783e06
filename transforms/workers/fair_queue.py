"""The queue for the renderers. Owners take turns, however many tasks one of them submits at once."""

from collections import Counter, deque
from collections.abc import Hashable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from math import ceil
from threading import Lock
from time import monotonic

from progimage.errors import Unavailable

_Turn = Future[None]

_MEMORY = 0.9
"""The share of earlier tasks in the mean time of a task."""
_MAX_RETRY_AFTER_S = 30


class FairQueue:
    """Gives out `slots`, at most `share` of them to one owner, and lets `max_waiting` tasks wait for one.

    When the queue is full, a newcomer takes the last place of the longest line. So one owner alone has the
    whole queue, and among several owners no line fills it."""

    def __init__(
        self,
        *,
        slots: int,
        share: int,
        max_waiting: int,
    ) -> None:
        self._slots = slots
        self._free_slots = slots
        self._share = share
        self._max_waiting = max_waiting
        self._lock = Lock()
        self._held_slots: Counter[Hashable] = Counter()
        self._lines: dict[Hashable, deque[_Turn]] = {}
        self._mean_s = 0.0

    @contextmanager
    def slot(self, owner: Hashable, *, timeout_s: float) -> Iterator[None]:
        """Hold a slot. Raise Unavailable if the queue is full, or if no slot becomes free in time."""
        self._wait(owner, timeout_s)
        start = monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._mean_s = _MEMORY * self._mean_s + (1 - _MEMORY) * (monotonic() - start)
                self._free_slots += 1
                self._held_slots[owner] -= 1
                if not self._held_slots[owner]:
                    del self._held_slots[owner]
                self._give_slots()

    def check_room(self, owner: Hashable) -> None:
        """Raise Unavailable if a task of the owner would be refused now. Nothing is reserved."""
        with self._lock:
            waiting = self._count_waiting()
            is_full = waiting >= self._max_waiting
            if not is_full or (self._free_slots and self._held_slots[owner] < self._share):
                return
            own_length = len(self._lines.get(owner, ())) + 1
            longest = max((len(line) for line in self._lines.values()), default=0)
            if own_length >= longest:
                raise self._full()

    def dismiss(self) -> None:
        """End the wait of every task with Unavailable."""
        with self._lock:
            for line in self._lines.values():
                for turn in line:
                    turn.set_exception(Unavailable("The renderers are being stopped"))
            self._lines.clear()

    def _wait(self, owner: Hashable, timeout_s: float) -> None:
        turn = self._join_line(owner)
        try:
            turn.result(timeout_s)
        except TimeoutError:
            if self._try_leave(owner, turn):
                with self._lock:
                    refusal = self._refusal("Every renderer is busy, and none became free in time")
                raise refusal from None
            # the slot came at the last moment
            turn.result()

    def _join_line(self, owner: Hashable) -> _Turn:
        turn = _Turn()
        with self._lock:
            self._lines.setdefault(owner, deque()).append(turn)
            self._give_slots()
            if self._count_waiting() > self._max_waiting:
                self._shorten_longest(owner)
        return turn

    def _count_waiting(self) -> int:
        return sum(len(line) for line in self._lines.values())

    def _shorten_longest(self, newcomer: Hashable) -> None:
        """Refuse the last task of the longest line, the newcomer's own if others are equally long."""

        def length(owner: Hashable) -> tuple[int, bool]:
            return len(self._lines[owner]), owner == newcomer

        longest = max(self._lines, key=length)
        last_turn = self._lines[longest].pop()
        last_turn.set_exception(self._full())
        self._remove_if_empty(longest)

    def _full(self) -> Unavailable:
        return self._refusal("Every renderer is busy and the queue is full")

    def _refusal(self, message: str) -> Unavailable:
        """Return a refusal with the time in which the present queue will probably have been served."""
        rounds = (self._count_waiting() + 1) / self._slots
        expected_s = ceil(rounds * self._mean_s)
        return Unavailable(message, retry_after_s=min(max(1, expected_s), _MAX_RETRY_AFTER_S))

    def _try_leave(self, owner: Hashable, turn: _Turn) -> bool:
        """Leave the line unless the turn has come. Return whether it was left."""
        with self._lock:
            if turn.done():
                return False
            self._lines[owner].remove(turn)
            self._remove_if_empty(owner)
            return True

    def _give_slots(self) -> None:
        """Give the free slots to the first of each line, one line after the other."""
        while self._free_slots:
            owner = self._find_next_owner()
            if owner is None:
                return
            line = self._lines.pop(owner)
            # behind the other lines from now on
            self._lines[owner] = line
            line.popleft().set_result(None)
            self._remove_if_empty(owner)
            self._free_slots -= 1
            self._held_slots[owner] += 1

    def _find_next_owner(self) -> Hashable | None:
        for owner in self._lines:
            if self._held_slots[owner] < self._share:
                return owner
        return None

    def _remove_if_empty(self, owner: Hashable) -> None:
        if not self._lines[owner]:
            del self._lines[owner]
