"""Places of which only so many are held at once in a process. Nobody waits: who waits holds a thread."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import Lock

from progimage.errors import Unavailable


class Slots:
    """`refusal` is what is said where there is none; its length is how many are held."""

    def __init__(self, refusal: str, *, retry_after_s: int) -> None:
        self._refusal = refusal
        self._retry_after_s = retry_after_s
        self._lock = Lock()
        self._held: Counter[Hashable] = Counter()

    def __len__(self) -> int:
        return self._held.total()

    @contextmanager
    def hold(self, owner: Hashable, *, limit: int) -> Iterator[None]:
        """Hold one of the `limit` places of `owner`. Raises Unavailable."""
        with self._lock:
            if self._held[owner] >= limit:
                raise Unavailable(self._refusal, retry_after_s=self._retry_after_s)
            self._held[owner] += 1
        try:
            yield
        finally:
            with self._lock:
                self._held -= Counter([owner])
