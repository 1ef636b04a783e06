"""The renditions that this process renders now: one thread for each, and the others wait for its end."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import Event, Lock


class OwnRenders:
    """Threads that render, by the names of their renditions."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ends: dict[Hashable, Event] = {}

    @contextmanager
    def try_begin(self, name: Hashable) -> Iterator[bool]:
        """Yield whether this thread is the one that renders, until the context ends."""
        end = Event()
        with self._lock:
            is_alone = self._ends.setdefault(name, end) is end
        if not is_alone:
            yield False
            return
        try:
            yield True
        finally:
            with self._lock:
                del self._ends[name]
            end.set()

    def find_end(self, name: Hashable) -> Event | None:
        """Return the event of the end of a render, or None if no thread of this process renders it."""
        return self._ends.get(name)
