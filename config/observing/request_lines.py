"""The line in the log of a request that is answered in front of Django, as structlog writes it for others.

structlog's chain of processors takes longer than all the rest of such a request. So a line is put together
from texts, of which most are the same for each request of an image."""

import json
import logging
import time
from dataclasses import dataclass

from .line_buffer import stderr

log = logging.getLogger("progimage.request")

_AFTER_ID = f'", "level": "info", "logger": "{log.name}", "timestamp": "'
_END = 'Z", "message": "request"}\n'
_NS_PER_S = 1_000_000_000
_this_second = (0, "")
"""A second of the clock in unix time, and as text."""


@dataclass(frozen=True, slots=True)
class RequestLine:
    """The parts of a line that do not change from request to request."""

    before_duration: str
    before_id: str

    @classmethod
    def of(
        cls, *, method: str, path_json: str, status: int, length_bytes: int, api_key_json: str
    ) -> "RequestLine":
        """Return a line. `path_json` and `api_key_json` are JSON.

        The query is not logged, because signatures stand in it."""
        return cls(
            before_duration=f'{{"method": "{method}", "path": {path_json}, "status": {status}, '
            f'"bytes": {length_bytes}, "duration_ms": ',
            before_id=f', "api_key": {api_key_json}, "request_id": "',
        )

    def write(self, request_id: str, start_s: float) -> None:
        """Write the line of a request. `start_s` is when it came, by time.perf_counter."""
        global _this_second  # noqa: PLW0603
        if not log.isEnabledFor(logging.INFO):
            return
        now_s, ns = divmod(time.time_ns(), _NS_PER_S)
        second, text = _this_second
        if second != now_s:
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now_s))
            _this_second = (now_s, text)
        stderr.add(
            f"{self.before_duration}{(time.perf_counter() - start_s) * 1_000:.1f}{self.before_id}{request_id}"
            f"{_AFTER_ID}{text}.{ns // 1_000:06}{_END}"
        )


def as_json(text: str | None) -> str:
    """Return a part of a line as JSON."""
    return json.dumps(text)
