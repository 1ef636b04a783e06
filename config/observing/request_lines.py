"""The line in the log of a request that is answered in front of Django, as structlog writes it for others.

structlog's chain of processors takes longer than all the rest of such a request."""

import json
import logging
import time
from datetime import UTC, datetime
from typing import NamedTuple

from .line_buffer import stderr

log = logging.getLogger("progimage.request")


class RequestLine(NamedTuple):
    """A request and its response. `start_s` is when it came, by time.perf_counter.

    `path_json` and `api_key_json` are JSON. The query is not logged, because signatures stand in it."""

    method: str
    path_json: str
    status: int
    length_bytes: int
    start_s: float
    api_key_json: str
    request_id: str

    def write(self) -> None:
        if not log.isEnabledFor(logging.INFO):
            return
        duration_ms = round((time.perf_counter() - self.start_s) * 1_000, 1)
        moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        stderr.add(
            f'{{"method": "{self.method}", "path": {self.path_json}, "status": {self.status}, '
            f'"bytes": {self.length_bytes}, "duration_ms": {duration_ms}, "api_key": {self.api_key_json}, '
            f'"request_id": "{self.request_id}", "level": "info", "logger": "{log.name}", '
            f'"timestamp": "{moment}", "message": "request"}}\n'
        )


def as_json(text: str | None) -> str:
    """Return a part of a line as JSON."""
    return json.dumps(text)
