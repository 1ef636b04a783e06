"""What went wrong as an error of the tree, and whether it is worth another try."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import ceil

import httpx

from progimage.errors import (
    ConnectionFailed,
    InProgress,
    ObjectMissing,
    ParameterError,
    ProgImageError,
    UnprocessableImage,
    rebuild,
)

MAX_WAIT_S = 60
"""Who is told to wait longer decides himself: the error comes at once, with its `retry_after_s`."""
_FIRST_WAIT_S, _LAST_WAIT_S = 0.5, 8.0
_TEMPORARY = {408, 429, 502, 503, 504}
_UNNAMED = (ProgImageError, ObjectMissing)


@dataclass(frozen=True)
class Retries:
    """When a request is sent again. Every request may be: POST carries an Idempotency-Key."""

    limit: int
    random: Callable[[], float] = random.random

    def wait_s(self, error: ProgImageError, attempt: int) -> float | None:
        """Return how long to wait after the attempt with this number, from 0; None where it was the last.

        Full jitter, so that clients that failed together come back apart; never before Retry-After."""
        asked_s = error.retry_after_s or 0
        if attempt >= self.limit or not _is_temporary(error) or asked_s > MAX_WAIT_S:
            return None
        return max(asked_s, self.random() * min(_LAST_WAIT_S, _FIRST_WAIT_S * 2.0**attempt))


def error_of(response: httpx.Response) -> ProgImageError:
    """Return what an answer that is no success says. Its body must have been read."""
    problem = _problem(response)
    text = f"{response.status_code} {response.reason_phrase}".strip()
    message = problem.get("detail") or f"Expected an answer of ProgImage but received {text}"
    code = problem.get("code", "")
    known = _BY_CODE.get(code) or _BY_STATUS.get(response.status_code, ProgImageError)
    state = {
        "message": message,
        "code": code or known.code,
        "status": response.status_code,
        "request_id": problem.get("request_id") or response.headers.get("X-Request-ID", ""),
        "retry_after_s": _retry_after_s(response.headers.get("Retry-After", "")),
    }
    pointer = (
        {"pointer": problem.get("pointer", "")}
        if issubclass(known, ParameterError | UnprocessableImage)
        else {}
    )
    return rebuild(known, message, state | pointer)


def connection_failed(error: httpx.RequestError) -> ConnectionFailed:
    host = error.request.url.netloc.decode()
    reason = f"{type(error).__name__}: {error}".removesuffix(": ")
    return ConnectionFailed(f"Expected an answer of {host} but received {reason}")


def _is_temporary(error: ProgImageError) -> bool:
    if isinstance(error, ObjectMissing):
        return False
    return isinstance(error, ConnectionFailed | InProgress) or error.status in _TEMPORARY


def _problem(response: httpx.Response) -> dict[str, str]:
    """The texts of an RFC 9457 answer; none where a proxy has answered."""
    try:
        problem = response.json()
    except (ValueError, RecursionError):
        return {}
    members = problem.items() if isinstance(problem, dict) else ()
    return {name: value for name, value in members if isinstance(value, str)}


def _retry_after_s(text: str) -> int | None:
    """Seconds or a date (RFC 9110, section 10.2.3), in whole seconds from now."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    try:
        moment = parsedate_to_datetime(text)
        return max(0, ceil((moment - datetime.now(UTC)).total_seconds()))
    except (ValueError, TypeError):
        return None


def _tree(base: type[ProgImageError]) -> Iterator[type[ProgImageError]]:
    yield base
    for child in base.__subclasses__():
        yield from _tree(child)


_BY_CODE = {known.code: known for known in _tree(ProgImageError)}
# Of a status the first in the drawing of the tree wins. A proxy's 502 says nothing of objects.
_BY_STATUS = {known.status: known for known in reversed(_BY_CODE.values()) if known not in _UNNAMED}
