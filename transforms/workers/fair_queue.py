"""The queue for the renderers. Owners take turns, however many tasks one of them submits at once."""

from collections import Counter, deque
from collections.abc import Hashable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Lock

from progimage.errors import Unavailable

_Turn = Future[None]


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
        self._free_slots = slots
        self._share = share
        self._max_waiting = max_waiting
        self._lock = Lock()
        self._held_slots: Counter[Hashable] = Counter()
        self._lines: dict[Hashable, deque[_Turn]] = {}

    @contextmanager
    def slot(self, owner: Hashable, *, timeout_s: float) -> Iterator[None]:
        """Hold a slot. Raise Unavailable if the queue is full, or if no slot becomes free in time."""
        self._wait(owner, timeout_s)
        try:
            yield
        finally:
            with self._lock:
                self._free_slots += 1
                self._held_slots[owner] -= 1
                if not self._held_slots[owner]:
                    del self._held_slots[owner]
                self._give_slots()

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
                raise Unavailable("Every renderer is busy, and none became free in time") from None
            # the slot came at the last moment
            turn.result()

    def _join_line(self, owner: Hashable) -> _Turn:
        turn = _Turn()
        with self._lock:
            self._lines.setdefault(owner, deque()).append(turn)
            self._give_slots()
            waiting = sum(len(line) for line in self._lines.values())
            if waiting > self._max_waiting:
                self._shorten_longest(owner)
        return turn

    def _shorten_longest(self, newcomer: Hashable) -> None:
        """Refuse the last task of the longest line, the newcomer's own if others are equally long."""

        def length(owner: Hashable) -> tuple[int, bool]:
            return len(self._lines[owner]), owner == newcomer

        longest = max(self._lines, key=length)
        last_turn = self._lines[longest].pop()
        last_turn.set_exception(Unavailable("Every renderer is busy and the queue is full"))
        self._remove_if_empty(longest)

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
