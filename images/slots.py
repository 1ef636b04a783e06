"""Limits on how much of the same work a process does at once.

A request that finds no free slot is refused at once. Waiting would hold its thread."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import Lock

from progimage.errors import Unavailable


class Slots:
    """Slots of owners such as accounts, remote hosts or the whole process. The length is the number held."""

    def __init__(self, refusal: str, *, retry_after_s: int) -> None:
        """`refusal` is the message of the error that a client gets if no slot is free."""
        self._refusal = refusal
        self._retry_after_s = retry_after_s
        self._lock = Lock()
        self._held: Counter[Hashable] = Counter()

    def __len__(self) -> int:
        return self._held.total()

    @contextmanager
    def hold(self, owner: Hashable, *, limit: int) -> Iterator[None]:
        """Hold one of the `limit` slots of `owner` during the context. Raise Unavailable if none is free."""
        with self.try_hold(owner, limit=limit) as is_held:
            if not is_held:
                raise Unavailable(self._refusal, retry_after_s=self._retry_after_s)
            yield

    @contextmanager
    def try_hold(self, owner: Hashable, *, limit: int) -> Iterator[bool]:
        """Hold a slot as `hold` does, and yield whether one was free."""
        with self._lock:
            is_held = self._held[owner] < limit
            if is_held:
                self._held[owner] += 1
        if not is_held:
            yield False
            return
        try:
            yield True
        finally:
            with self._lock:
                # Subtraction drops an owner whose count falls to 0.
                self._held -= Counter([owner])
