"""UUIDs of version 7: unique without asking anybody, and in the order of time, which keeps indexes dense."""

import os
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime.fromtimestamp(0, UTC)


def uuid7() -> UUID:
    """Return 48 bits of unix time in ms, then 74 random bits. Source: RFC 9562, section 5.7."""
    unix_ms = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    high, low = random >> 68, random & ((1 << 62) - 1)
    return UUID(int=unix_ms << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)


def time_of(id: UUID) -> datetime:
    """Return when a UUID of version 7 was made, to the ms."""
    return datetime.fromtimestamp((id.int >> 80) / 1000, UTC)


def least_id(moment: datetime) -> UUID:
    """Return the bound below every UUID of version 7 that was made at `moment` or later."""
    unix_ms = -((_EPOCH - moment) // timedelta(milliseconds=1))
    return UUID(int=max(0, unix_ms) << 80)
