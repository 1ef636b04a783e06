"""UUIDs of version 7: unique without a central counter, and ascending in time, which keeps indexes dense."""

import os
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime.fromtimestamp(0, UTC)
_VERSION = 0x7
_VARIANT = 0b10


def uuid7() -> UUID:
    """Return a new id: 48 bits of unix time in ms, then 74 random bits. Source: RFC 9562, section 5.7."""
    return _new_id(time.time_ns() // 1_000_000)


def uuid7_at(moment: datetime) -> UUID:
    """Return a new id as it is made at `moment`, to the ms."""
    return _new_id((moment - _EPOCH) // timedelta(milliseconds=1))


def time_of(id: UUID) -> datetime:
    """Return the time at which a UUID of version 7 was made, to the ms."""
    unix_ms = id.int >> 80
    return datetime.fromtimestamp(unix_ms / 1000, UTC)


def least_id(moment: datetime) -> UUID:
    """Return the lower bound of all UUIDs of version 7 that were made at `moment` or later."""
    # Floor division of the negated difference rounds up to the next ms.
    unix_ms = -((_EPOCH - moment) // timedelta(milliseconds=1))
    return UUID(int=max(0, unix_ms) << 80)


def _new_id(unix_ms: int) -> UUID:
    random_bits = int.from_bytes(os.urandom(10), "big")
    rand_a = random_bits >> 68
    rand_b = random_bits & ((1 << 62) - 1)
    return UUID(int=unix_ms << 80 | _VERSION << 76 | rand_a << 64 | _VARIANT << 62 | rand_b)
