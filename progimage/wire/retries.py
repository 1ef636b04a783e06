"""Failed attempts: the error that each one raises, and whether the client retries."""

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
    RenditionsPending,
)
from progimage.root_error import rebuild

MAX_WAIT_S = 60
"""If Retry-After is longer, the error is raised at once. The caller decides, by its `retry_after_s`."""
_FIRST_WAIT_S = 0.5
_LAST_WAIT_S = 8.0
_TEMPORARY_STATUSES = {408, 429, 502, 503, 504, 520, 521, 522, 523, 524}
"""From 520 on they are Cloudflare's, for a server that does not answer or answers nonsense."""


@dataclass(frozen=True)
class Retries:
    """The rules of retries. Every request may be retried, since a POST carries an Idempotency-Key."""

    limit: int
    random: Callable[[], float] = random.random

    def find_wait_s(self, error: ProgImageError, attempt: int) -> float | None:
        """Return the wait after a failed attempt, counted from 0; None if the client does not retry.

        The wait has full jitter, so that clients that failed together retry at different times. It is never
        shorter than Retry-After. An archive whose renditions are being made is waited for without a limit,
        because each request makes some of them, unless the client retries nothing at all."""
        retry_after_s = error.retry_after_s or 0
        if isinstance(error, RenditionsPending) and self.limit > 0:
            return retry_after_s
        if attempt >= self.limit or retry_after_s > MAX_WAIT_S:
            return None
        if not _is_temporary(error):
            return None
        longest_s = min(_LAST_WAIT_S, _FIRST_WAIT_S * 2.0**attempt)
        return max(retry_after_s, self.random() * longest_s)


def next_attempt(error: ProgImageError, attempt: int) -> int:
    """Return the number of the attempt after a failed one. An attempt that made progress does not count."""
    return attempt if isinstance(error, RenditionsPending) else attempt + 1


def error_of(response: httpx.Response) -> ProgImageError:
    """Return the error that a failed response describes. The response's body must have been read."""
    problem = _problem(response)
    status_line = f"{response.status_code} {response.reason_phrase}".strip()
    message = problem.get("detail") or f"Expected a response of ProgImage but received {status_line}"
    code = problem.get("code", "")
    request_id = problem.get("request_id") or response.headers.get("X-Request-ID", "")
    error_class = _BY_CODE.get(code) or _BY_STATUS.get(response.status_code, ProgImageError)
    state: dict[str, object] = {
        "message": message,
        "code": code or error_class.code,
        "status": response.status_code,
        "request_id": request_id,
        "retry_after_s": _retry_after_s(response.headers.get("Retry-After", "")),
        "pointer": problem.get("pointer", ""),
    }
    return rebuild(error_class, message, state)


def failure_of(error: httpx.RequestError | httpx.InvalidURL) -> ProgImageError:
    """Return the error of a request that got no complete response, or that cannot be sent."""
    if isinstance(error, httpx.InvalidURL):
        return ParameterError(f"Expected parameters for a valid URL but received: {error}")
    host = error.request.url.netloc.decode()
    reason = f"{type(error).__name__}: {error}".removesuffix(": ")
    return ConnectionFailed(f"Expected a response of {host} but received {reason}")


def _is_temporary(error: ProgImageError) -> bool:
    if isinstance(error, ObjectMissing):
        return False
    if isinstance(error, ConnectionFailed | InProgress):
        return True
    return error.status in _TEMPORARY_STATUSES


def _problem(response: httpx.Response) -> dict[str, str]:
    """Return the text members of an RFC 9457 response; none if a proxy sent something else."""
    try:
        problem = response.json()
    except (ValueError, RecursionError):
        return {}
    if not isinstance(problem, dict):
        return {}
    return {name: value for name, value in problem.items() if isinstance(value, str)}


def _retry_after_s(text: str) -> int | None:
    """Return the whole seconds from now that Retry-After gives, as a number or a date (RFC 9110, 10.2.3)."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    try:
        date = parsedate_to_datetime(text)
        wait = date - datetime.now(UTC)
    except (ValueError, TypeError):
        return None
    return max(0, ceil(wait.total_seconds()))


def _subtree(error_class: type[ProgImageError]) -> Iterator[type[ProgImageError]]:
    yield error_class
    for subclass in error_class.__subclasses__():
        yield from _subtree(subclass)


def _classes_by_status() -> dict[int, type[ProgImageError]]:
    """Return one class for each status: the first in the drawing of the tree.

    A 502 means a proxy unless a code says otherwise. Therefore ObjectMissing is left out."""
    by_status: dict[int, type[ProgImageError]] = {}
    for error_class in _BY_CODE.values():
        if error_class not in (ProgImageError, ObjectMissing):
            by_status.setdefault(error_class.status, error_class)
    return by_status


_BY_CODE = {error_class.code: error_class for error_class in _subtree(ProgImageError)}
_BY_STATUS = _classes_by_status()
