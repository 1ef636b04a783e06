"""Memory of a web process that forgets what Postgres says has changed.

    rows: Memory[Row] = Memory(max_bytes=8_000_000)

    found = rows.find(key, time.monotonic())
    if found is None:
        stamp = rows.stamp()  # before the first read of Postgres
        found = read_from_postgres()
        rows.keep(key, found, subjects=[of_image(image_id)], stamp=stamp, size_bytes=500)

These rules hold:
- Nothing is found later than KEPT_S after its stamp, so a value is as old as the first read that made it.
- A value is not kept if one of its subjects has changed since its stamp.
- `stamp` returns None, and nothing is found, while this process does not hear of changes. That is always so
  in commands, in the worker and under Django's test client: config/wsgi.py alone lets a process listen.
- A change that this process has committed is forgotten before the statement that committed it returns.

A value names each subject of which a change may make it wrong: the image, the other images that a rendition
shows, the key and its account. A value that depends on a right with an end takes `stamp.ending_at(...)`.
Rows that come to be are no changes: keep nothing that says that a row is missing."""

import time
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from .invalidation import Changes, Stamp, changes

ValueT = TypeVar("ValueT")

_ENTRY_BYTES = 600
"""The size of an entry without its key and value, about."""


@dataclass(frozen=True, slots=True)
class _Entry(Generic[ValueT]):
    value: ValueT
    until_s: float
    subjects: tuple[str, ...]
    size_bytes: int


class Memory(Generic[ValueT]):
    """Values by keys, bounded by bytes. The oldest make room for new ones."""

    def __init__(self, *, max_bytes: int, changes: Changes = changes) -> None:
        self._changes = changes
        self._max_bytes = max_bytes
        self.clear()
        changes.memories.append(self)

    def clear(self) -> None:
        self._entries: dict[Hashable, _Entry[ValueT]] = {}
        self._keys: dict[str, set[Hashable]] = {}
        self.size_bytes = 0

    def stamp(self) -> Stamp | None:
        """Return the stamp for values whose first read begins now. None if nothing may be remembered now."""
        return self._changes.stamp()

    def find(self, key: Hashable, now_s: float) -> ValueT | None:
        """Return the value of a key, or None. `now_s` is a moment of the monotonic clock."""
        entry = self._entries.get(key)
        if entry is None or now_s >= entry.until_s or now_s >= self._changes.hears_until_s:
            return None
        return entry.value

    def keep(
        self,
        key: Hashable,
        value: ValueT,
        *,
        subjects: Iterable[str],
        stamp: Stamp | None,
        size_bytes: int,
    ) -> bool:
        """Remember a value that was read after `stamp`, and return whether it is remembered.

        It is not if the stamp is None or too old, if a subject has changed since, or if it is too large."""
        size_bytes += _ENTRY_BYTES
        if stamp is None or size_bytes > self._max_bytes:
            return False
        entry = _Entry(value, stamp.until_s, tuple(subjects), size_bytes)
        with self._changes.lock:
            if time.monotonic() >= stamp.until_s or not self._changes.is_unchanged(entry.subjects, stamp):
                return False
            self._remove(key)
            self._add(key, entry)
            while self.size_bytes > self._max_bytes:
                self._remove(next(iter(self._entries)))
        return True

    def drop(self, subject: str) -> None:
        """Forget the values of a subject. The caller holds the lock of the changes."""
        for key in list(self._keys.get(subject, ())):
            self._remove(key)

    def drop_expired(self, now_s: float) -> None:
        """Forget the values that are too old. The caller holds the lock of the changes."""
        while self._entries:
            key, entry = next(iter(self._entries.items()))
            if now_s < entry.until_s:
                break  # the others are newer
            self._remove(key)

    def _add(self, key: Hashable, entry: _Entry[ValueT]) -> None:
        self._entries[key] = entry
        self.size_bytes += entry.size_bytes
        for subject in entry.subjects:
            self._keys.setdefault(subject, set()).add(key)

    def _remove(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self.size_bytes -= entry.size_bytes
        for subject in entry.subjects:
            keys = self._keys.get(subject, set())
            keys.discard(key)
            if not keys:
                self._keys.pop(subject, None)
