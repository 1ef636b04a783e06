"""The hash of an operator's password, which takes a third of a second of CPU time.

A process computes at most MAX_AT_ONCE hashes at once, and holds no database connection meanwhile: many
logins with wrong passwords would otherwise take the pool from all other requests. The rules stand in the
hasher, so that every page that hashes keeps them: login, change of a password, a new operator."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import BoundedSemaphore

from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password
from django.db import connection

MAX_AT_ONCE = 2
_BUSY_RETRY_AFTER_S = 2

_slots = BoundedSemaphore(MAX_AT_ONCE)
_has_slot: ContextVar[bool] = ContextVar("has_slot", default=False)
_prepared: ContextVar[tuple[str, str] | None] = ContextVar("prepared", default=None)


class TooManyLogins(Exception):
    """A login has to wait: too many passwords are checked, or too many were wrong. The admin answers 429."""

    def __init__(self, message: str, *, retry_after_s: int, reason: str) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s
        self.reason = reason


class BoundedHasher(PBKDF2PasswordHasher):
    """Django's own hasher, whose hashes it reads and writes. It raises TooManyLogins if no slot is free."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        prepared = _prepared.get()
        if prepared and iterations is None and prepared[0] == password:
            return prepared[1]
        with slot():
            if not connection.in_atomic_block:
                connection.close()
            return super().encode(password, salt, iterations)


@contextmanager
def slot() -> Iterator[None]:
    """Hold one of the slots of the process for the context. Inside it, hashes take no further slot.

    Raise TooManyLogins if no slot is free. A wait would hold the request's thread."""
    if _has_slot.get():
        yield
        return
    if not _slots.acquire(blocking=False):
        message = "Too many people log in at this moment. Please try again in a few seconds."
        raise TooManyLogins(message, retry_after_s=_BUSY_RETRY_AFTER_S, reason="busy")
    token = _has_slot.set(True)
    try:
        yield
    finally:
        _has_slot.reset(token)
        _slots.release()


@contextmanager
def prepared_hash(password: str) -> Iterator[None]:
    """Hash a new password now, for code that would hash it inside a transaction, which holds a connection."""
    token = _prepared.set((password, make_password(password)))
    try:
        yield
    finally:
        _prepared.reset(token)
