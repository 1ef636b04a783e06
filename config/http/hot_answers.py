"""A response with an image that is sent again from memory: its id, log line and max-age are made anew."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from config.observing.request_lines import RequestLine, as_json
from config.slow_clients.application import Environ, StartResponse
from images.delivery.answer_facts import AnswerFacts
from images.delivery.conditions import is_not_modified
from images.delivery.header_names import IF_NONE_MATCH
from images.services.hit_counts import count_row

from .middleware import ABOUT_BODIES, MAX_LOGGED_PATH
from .request_ids import choose_request_id

Header = tuple[str, str]

_REQUEST_ID = "X-Request-ID"
_MAX_AGE = "max-age="


@dataclass(frozen=True, slots=True)
class HotAnswer:
    """A response with status 200 and a whole image. `headers` lack the id of the request.

    `line` is that of a GET which gets the whole image, as nearly every one does."""

    headers: Sequence[Header]
    body: bytes
    facts: AnswerFacts
    etag: str
    line: RequestLine
    tickets: list[str] = field(default_factory=lambda: ["one"])

    @classmethod
    def of(cls, headers: Mapping[str, str], body: bytes, facts: AnswerFacts) -> "HotAnswer":
        """Return the answer of a response that has been made in the usual way."""
        return cls(
            headers=[header for header in headers.items() if header[0] != _REQUEST_ID],
            body=body,
            facts=facts,
            etag=headers["ETag"],
            line=_line_of(facts, "GET", 200, len(body)),
        )

    @property
    def size_bytes(self) -> int:
        return len(self.body) + sum(len(name) + len(value) + 150 for name, value in self.headers)

    def take_ticket(self) -> bool:
        """Return True to the first thread that calls this."""
        try:
            self.tickets.pop()
        except IndexError:
            return False
        return True

    def send(self, environ: Environ, start_response: StartResponse, start_s: float) -> Iterable[bytes]:
        """Answer a GET or HEAD of the image. `start_s` is when the request came, by time.perf_counter."""
        request_id = choose_request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        method = environ["REQUEST_METHOD"]
        headers = self.headers if self.facts.signature_ends_at is None else self._fresh_headers()
        status = "200 OK"
        body = self.body
        line = self.line
        if "HTTP_IF_NONE_MATCH" in environ and self._is_not_modified(environ):
            headers = [header for header in headers if header[0] not in ABOUT_BODIES]
            status = "304 Not Modified"
            body = b""
            line = _line_of(self.facts, method, 304, 0)
        elif method == "HEAD":
            body = b""
            line = _line_of(self.facts, method, 200, len(self.body))
        elif self.facts.rendition_id is not None:
            count_row(self.facts.rendition_id)
        start_response(status, [*headers, (_REQUEST_ID, request_id)])
        line.write(request_id, start_s)
        return [body]

    def _is_not_modified(self, environ: Environ) -> bool:
        return is_not_modified({IF_NONE_MATCH: environ["HTTP_IF_NONE_MATCH"]}, self.etag)

    def _fresh_headers(self) -> Sequence[Header]:
        """Return the headers for a signed URL, which is kept by caches no longer than it is valid."""
        remaining_s = (self.facts.signature_ends_at or 0) - int(time.time())
        return [_within(remaining_s, *header) for header in self.headers]


def _line_of(facts: AnswerFacts, method: str, status: int, length_bytes: int) -> RequestLine:
    return RequestLine.of(
        method=method,
        path_json=as_json(facts.path[:MAX_LOGGED_PATH]),
        status=status,
        length_bytes=length_bytes,
        api_key_json=as_json(facts.api_key_prefix),
    )


def _within(remaining_s: int, name: str, value: str) -> Header:
    """Return a header; Cache-Control with a max-age of at most the time that remains."""
    if name != "Cache-Control":
        return name, value
    sharing, _, age_s = value.partition(_MAX_AGE)
    return name, f"{sharing}{_MAX_AGE}{max(0, min(int(age_s), remaining_s))}"
