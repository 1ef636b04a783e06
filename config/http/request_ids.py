"""The id of a request: the client's X-Request-ID if it is well-formed, or a new one."""

import os
import re

REQUEST_ID = "progimage.request_id"
STARTED_AT_S = "progimage.started_at_s"
"""The keys in the WSGI environment of the id of a request that the fast path has chosen, and of the time at
which it began, by time.perf_counter()."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_ID_BYTES = 16
_MADE_AT_ONCE = 256
_unused: list[str] = []


def choose_request_id(client_id: str) -> str:
    """Return the client's X-Request-ID if it is well-formed, otherwise a new one."""
    if client_id and _REQUEST_ID.fullmatch(client_id):
        return client_id
    return new_request_id()


def new_request_id() -> str:
    """Return 32 random hexadecimal digits.

    Many are made at once. To ask the kernel for each would let another thread run before this one goes on,
    and would cost a hit as much as all its headers."""
    try:
        return _unused.pop()
    except IndexError:
        digits = os.urandom(_ID_BYTES * _MADE_AT_ONCE).hex()
        length = 2 * _ID_BYTES
        _unused.extend(digits[start : start + length] for start in range(length, len(digits), length))
        return digits[:length]


os.register_at_fork(after_in_child=_unused.clear)  # its parent gives those away
