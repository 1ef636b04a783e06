"""How long a login must wait after failures, by address and by name.

The first failures cost nothing. Then every attempt is followed by a pause, which doubles from one to the
next. The counts stand in the cache, which all processes share, under keyed hashes of addresses and names.
Without the cache each process counts for itself. A name is delayed only for addresses from which it has
never logged in, so that nobody can lock an operator out (accounts/logins/attempts.py)."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog
from django.core.cache import cache
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.utils.crypto import salted_hmac
from redis.exceptions import RedisError

from .hashing import TooManyLogins

log = structlog.get_logger("progimage.login")

_FIRST_PAUSE_S = 2
MAX_PAUSE_S = 300
MEMORY_S = 3_600
"""Failures are forgotten when there has been none for this time."""
_WARN_EVERY_S = 60
_MAX_LOCAL_KEYS = 10_000
_local = LocMemCache("logins", {"OPTIONS": {"MAX_ENTRIES": _MAX_LOCAL_KEYS}, "KEY_PREFIX": ""})
ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Subject:
    """An address or a name whose failures are counted."""

    kind: str
    value: str
    free_failures: int

    @property
    def failures_key(self) -> str:
        digest = salted_hmac("accounts.logins.backoff", self.value, algorithm="sha256").hexdigest()
        return f"login:{self.kind}:{digest}"

    @property
    def pause_key(self) -> str:
        return f"{self.failures_key}:pause"


def address_subject(network: str) -> Subject:
    return Subject("address", network, free_failures=5)


def name_subject(name: str) -> Subject:
    return Subject("name", name, free_failures=10)


def is_delayed(subject: Subject) -> bool:
    """Return whether attempts of this subject are followed by pauses now."""
    return bool(_pause_s(subject))


def find_pause_s(subject: Subject) -> int:
    """Return the seconds until the next attempt may begin, or 0."""
    ends_at: float = _with_cache(lambda store: store.get(subject.pause_key, 0.0))
    return max(0, math.ceil(ends_at - time.time()))


def begin(subject: Subject) -> None:
    """Begin an attempt, and the pause that follows it. Raise TooManyLogins if a pause has not ended.

    The pause begins before the password is checked, and one request alone can begin it. So the number of
    attempts does not grow with the number of connections."""
    pause_s = _pause_s(subject)
    if not pause_s:
        return
    ends_at = time.time() + pause_s
    has_begun = _with_cache(lambda store: store.add(subject.pause_key, ends_at, timeout=pause_s))
    if not has_begun:
        raise must_wait(find_pause_s(subject))


def count_failure(subject: Subject) -> None:
    def count(store: BaseCache) -> None:
        key = subject.failures_key
        if store.add(key, 1, timeout=MEMORY_S):
            return
        try:
            store.incr(key)
        except ValueError:  # it expired since
            store.set(key, 1, timeout=MEMORY_S)
        store.touch(key, timeout=MEMORY_S)

    _with_cache(count)


def must_wait(pause_s: int) -> TooManyLogins:
    """Return the error that tells to wait. Its sentence is the same for existing and for unknown names."""
    retry_after_s = max(1, pause_s)
    unit = "second" if retry_after_s == 1 else "seconds"
    return TooManyLogins(
        f"Too many wrong passwords. Please try again in {retry_after_s} {unit}.",
        retry_after_s=retry_after_s,
        reason="delayed",
    )


def _pause_s(subject: Subject) -> int:
    failures: int = _with_cache(lambda store: store.get(subject.failures_key, 0))
    excess = failures - subject.free_failures
    if excess < 0:
        return 0
    doublings = min(excess, MAX_PAUSE_S.bit_length())
    return min(_FIRST_PAUSE_S << doublings, MAX_PAUSE_S)


def _with_cache(operate: Callable[[BaseCache], ResultT]) -> ResultT:
    """Use the shared cache, or this process's own memory if the cache does not answer."""
    try:
        return operate(cache)
    except (RedisError, OSError) as error:
        _warn(error)
        return operate(_local)


def _warn(error: Exception) -> None:
    """Log that the cache is away: once a minute, because an attempt to log in uses it several times."""
    if _local.add("warned", True, timeout=_WARN_EVERY_S):
        log.warning("failed logins are counted by this process alone", reason=type(error).__name__)
