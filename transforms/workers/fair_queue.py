"""Who may use the renderers next: owners take turns, however much one of them asks for at once."""

from collections import Counter, deque
from collections.abc import Hashable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Lock

from progimage.errors import Unavailable

_Turn = Future[None]


class Admission:
    """Gives `places` away, at most `share` of them to one owner, and lets `max_waiting` wait for one.

    Who comes when nobody more may wait takes the last place in the longest line. So one owner alone has the
    whole queue, and among several nobody's line fills it."""

    def __init__(self, *, places: int, share: int, max_waiting: int) -> None:
        self._free, self._share, self._max_waiting = places, share, max_waiting
        self._lock = Lock()
        self._held: Counter[Hashable] = Counter()
        self._lines: dict[Hashable, deque[_Turn]] = {}

    @contextmanager
    def place(self, owner: Hashable, *, timeout_s: float) -> Iterator[None]:
        """Hold a place. Raises Unavailable where there is no room to wait, or none became free in time."""
        self._wait(owner, timeout_s)
        try:
            yield
        finally:
            with self._lock:
                self._free += 1
                self._held -= Counter([owner])
                self._give()

    def dismiss(self) -> None:
        """Let nobody wait any longer."""
        with self._lock:
            for line in self._lines.values():
                for turn in line:
                    turn.set_exception(Unavailable("The renderers are being stopped"))
            self._lines.clear()

    def _wait(self, owner: Hashable, timeout_s: float) -> None:
        turn = self._stand_in_line(owner)
        try:
            turn.result(timeout_s)
        except TimeoutError:
            if self._leave(owner, turn):
                raise Unavailable("Every renderer is busy, and none became free in time") from None
            turn.result()  # it came in the last moment

    def _stand_in_line(self, owner: Hashable) -> _Turn:
        turn = _Turn()
        with self._lock:
            self._lines.setdefault(owner, deque()).append(turn)
            self._give()
            if sum(map(len, self._lines.values())) > self._max_waiting:
                self._shorten_longest(owner)
        return turn

    def _shorten_longest(self, newcomer: Hashable) -> None:
        """The newcomer's own where others are as long."""
        longest = max(self._lines, key=lambda owner: (len(self._lines[owner]), owner == newcomer))
        self._lines[longest].pop().set_exception(Unavailable("Every renderer is busy and the queue is full"))
        self._tidy(longest)

    def _leave(self, owner: Hashable, turn: _Turn) -> bool:
        with self._lock:
            if turn.done():
                return False
            self._lines[owner].remove(turn)
            self._tidy(owner)
            return True

    def _give(self) -> None:
        """Let the first of each line in, one line after the other."""
        while self._free and (owner := self._next()) is not None:
            line = self._lines.pop(owner)
            self._lines[owner] = line  # behind the others from now on
            line.popleft().set_result(None)
            self._tidy(owner)
            self._free -= 1
            self._held[owner] += 1

    def _next(self) -> Hashable | None:
        return next((owner for owner in self._lines if self._held[owner] < self._share), None)

    def _tidy(self, owner: Hashable) -> None:
        if not self._lines[owner]:
            del self._lines[owner]
