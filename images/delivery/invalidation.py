"""The changes in Postgres that this process has heard of, so that it forgets what they make wrong.

Triggers (migrations accounts 0005 and images 0015) name the subjects of each change that takes a right away
or changes an answer: an account, an API key, an image. images/delivery/change_listener.py hears of them, and
config/database_connection.py tells of the changes that this process has committed itself. Memories
(images/delivery/memory.py) drop what depends on them.

Nothing here touches Postgres or Django."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Protocol
from uuid import UUID

KEPT_S = 5.0
"""The longest time for which a value is used, counted from its stamp."""
EVERYTHING = "*"
"""The subject of a change that concerns all values."""
_MAX_CHANGES = 10_000
"""So many subjects are remembered as changed. More of them count as a change of everything."""


def of_account(account_id: int) -> str:
    """Return the subject of an account."""
    return f"account:{account_id}"


def of_key(prefix: str) -> str:
    """Return the subject of an API key."""
    return f"key:{prefix}"


def of_image(image_id: UUID | str) -> str:
    """Return the subject of an image, its renditions included."""
    return f"image:{image_id}"


@dataclass(frozen=True)
class Stamp:
    """The number of the last change before a read, and until when what is read may be used.

    `until_s` is a moment of the monotonic clock, KEPT_S after the read began."""

    change: int
    until_s: float

    def ending_at(self, ends_at: float) -> "Stamp":
        """Return the stamp of a value that ends then, in unix seconds, if not before."""
        until_s = time.monotonic() + ends_at - time.time()
        return replace(self, until_s=min(self.until_s, until_s))


class Droppable(Protocol):
    """A memory, as changes use it. They hold their lock at each call."""

    def clear(self) -> None: ...

    def drop(self, subject: str) -> None: ...

    def drop_expired(self, now_s: float) -> None: ...


class Changes:
    """The changes that this process has heard of, and until when it counts as hearing of all of them."""

    def __init__(self) -> None:
        self.on_first_use: Callable[[], object] | None = None
        """Called when a value could be remembered for the first time. It starts the listener."""
        self.hears_until_s = 0.0
        """Until this moment of the monotonic clock memories may be used."""
        self.memories: list[Droppable] = []
        self.clear()

    def clear(self) -> None:
        """Begin anew, as a forked process must: its parent listens, and another thread may hold the lock."""
        self.lock = Lock()
        self.hears_until_s = 0.0
        self._last = 0
        self._last_of_everything = 0
        self._recent: dict[str, int] = {}
        self._earlier: dict[str, int] = {}
        self._turned_at_s = 0.0
        for memory in self.memories:
            memory.clear()

    def stamp(self) -> Stamp | None:
        """Return the stamp of a read that begins now. None if nothing may be remembered."""
        now_s = time.monotonic()
        if now_s < self.hears_until_s:
            return Stamp(self._last, now_s + KEPT_S)
        start = self.on_first_use
        if start is not None:
            self.on_first_use = None
            start()
        return None

    def forget(self, subjects: Iterable[str]) -> None:
        """Drop the values of these subjects. Reads that have begun before are not kept either."""
        with self.lock:
            for subject in subjects:
                self._forget(subject)

    def lose(self) -> None:
        """Drop everything: changes may have been missed. Nothing is found until `hear_until`."""
        with self.lock:
            self.hears_until_s = 0.0
            self._forget(EVERYTHING)

    def hear_until(self, at_s: float) -> None:
        """Let memories be used until this moment."""
        with self.lock:
            self.hears_until_s = at_s

    def is_unchanged(self, subjects: Iterable[str], stamp: Stamp) -> bool:
        """Return whether nothing has happened to the subjects since the stamp. The caller holds the lock."""
        if self._last_of_everything > stamp.change:
            return False
        for subject in subjects:
            last = self._recent.get(subject) or self._earlier.get(subject, 0)
            if last > stamp.change:
                return False
        return True

    def drop_expired(self) -> None:
        """Free the room of values that are too old to be found."""
        now_s = time.monotonic()
        with self.lock:
            for memory in self.memories:
                memory.drop_expired(now_s)

    def _forget(self, subject: str) -> None:
        self._last += 1
        self._turn()
        if len(self._recent) >= _MAX_CHANGES:
            subject = EVERYTHING
        if subject == EVERYTHING:
            self._last_of_everything = self._last
            self._recent.clear()
            self._earlier.clear()
        else:
            self._recent[subject] = self._last
        for memory in self.memories:
            if subject == EVERYTHING:
                memory.clear()
            else:
                memory.drop(subject)

    def _turn(self) -> None:
        """Forget changes from before every stamp that may still be used: those are KEPT_S old at most."""
        now_s = time.monotonic()
        if now_s - self._turned_at_s > KEPT_S:
            self._earlier = self._recent
            self._recent = {}
            self._turned_at_s = now_s


changes = Changes()
"""Those of this process."""

os.register_at_fork(after_in_child=changes.clear)
