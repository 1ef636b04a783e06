"""The responses with images of the last seconds, in front of everything else.

A hit is answered from the memory of this process (images/delivery/memory.py), without Django. Its key is the
request as it came. Postgres tells of changes, and whatever is not sure goes the usual way:
- requests with a body, a range, If-Match, Expect or an operator's session;
- responses other than 200, or without facts (images/delivery/answer_facts.py);
- large ones: those may have to wait for their readers (config/http/large_responses.py);
- requests with long headers or a long query, which would fill the memory with keys;
- everything, while the process does not hear of changes."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.conf import settings

from config.slow_clients.application import Application, Environ, StartResponse, close_body
from images.delivery.answer_facts import ANSWER_FACTS, AnswerFacts
from images.delivery.contents import BUFFERED_BYTES
from images.delivery.invalidation import KEPT_S, Stamp
from images.delivery.memory import Memory

from .hot_answers import Header, HotAnswer

Key = tuple[str | bytes | None, ...]

_METHODS = ("GET", "HEAD")
_UNUSUAL = frozenset(
    (
        "CONTENT_LENGTH",
        "CONTENT_TYPE",
        "HTTP_EXPECT",
        "HTTP_IF_MATCH",
        "HTTP_RANGE",
        "HTTP_TRANSFER_ENCODING",
        "HTTP_UPGRADE",
    )
)
"""Variables of requests that go the usual way."""
_UNKEPT = frozenset(("Connection", "Content-Range", "Set-Cookie"))
"""Headers of responses that belong to one request or one part."""
_VARIATIONS = frozenset(("", "Accept", "Authorization"))
_MAX_KEY = 4_000
"""Characters of the parts of a request that make up its key."""
_REFRESHED_AFTER_S = KEPT_S - 1
"""At this age of an answer one request goes the usual way. Others use the old answer meanwhile."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer, or None under a key without Accept, if the answer depends on that."""

    answer: HotAnswer | None
    refresh_at_s: float


class HotCache:
    """The WSGI application with a memory of the images that it sends."""

    def __init__(self, application: Application, *, max_bytes: int) -> None:
        self.memory: Memory[_Kept] = Memory(max_bytes=max_bytes)
        self._application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_s = time.perf_counter()
        key = _key_of(environ)
        if key is None:
            return self._application(environ, start_response)
        now_s = time.monotonic()
        kept = self.memory.find(key, now_s)
        if kept is not None and kept.answer is None:
            kept = self.memory.find(_with_accept(key, environ), now_s)
        if kept is None or kept.answer is None or (now_s >= kept.refresh_at_s and _refreshes(kept, environ)):
            return self._answer(environ, start_response, key)
        return kept.answer.send(environ, start_response, start_s)

    def _answer(self, environ: Environ, start_response: StartResponse, key: Key) -> Iterable[bytes]:
        """Answer in the usual way, and keep the response of a plain GET."""
        stamp = self.memory.stamp() if _is_plain(environ) else None
        if stamp is None:
            return self._application(environ, start_response)
        facts = AnswerFacts()
        environ[ANSWER_FACTS] = facts
        head = _Head(start_response)
        body = self._application(environ, head)
        if not facts.subjects or not head.is_keepable():
            return body
        headers = dict(head.headers)
        accept_key = _with_accept(key, environ) if "Accept" in headers.get("Vary", "") else None

        def keep(content: bytes) -> None:
            self._keep(HotAnswer.of(headers, content, facts), stamp, key, accept_key)

        recorded = _Recorded(body, int(headers["Content-Length"]), keep)
        return list(recorded) if isinstance(body, list) else recorded

    def _keep(self, answer: HotAnswer, stamp: Stamp, key: Key, accept_key: Key | None) -> None:
        subjects = answer.facts.subjects
        refresh_at_s = stamp.until_s - KEPT_S + _REFRESHED_AFTER_S
        ending = _ending(stamp, answer.facts)
        if ending is None:
            return
        if accept_key is not None:
            kept = _Kept(None, refresh_at_s)
            self.memory.keep(key, kept, subjects=subjects, stamp=ending, size_bytes=_size_of(key))
        kept = _Kept(answer, refresh_at_s)
        key = accept_key or key
        size_bytes = answer.size_bytes + _size_of(key)
        self.memory.keep(key, kept, subjects=subjects, stamp=ending, size_bytes=size_bytes)


class _Head:
    """The status and headers of a response, which are passed on."""

    def __init__(self, start_response: StartResponse) -> None:
        self.status = ""
        self.headers: list[Header] = []
        self._start_response = start_response

    def __call__(self, status: str, headers: list[Header], exc_info: Any = None) -> None:
        self.status = status
        self.headers = headers
        self._start_response(status, headers)

    def is_keepable(self) -> bool:
        """Whether the response is a whole image that is small enough, for nobody in particular."""
        headers = dict(self.headers)
        length = headers.get("Content-Length", "")
        return (
            self.status.startswith("200 ")
            and length.isdecimal()
            and int(length) < BUFFERED_BYTES
            and _UNKEPT.isdisjoint(headers)
            and {name.strip() for name in headers.get("Vary", "").split(",")} <= _VARIATIONS
        )


class _Recorded:
    """A body that is kept once it has been sent whole."""

    def __init__(self, body: Iterable[bytes], length_bytes: int, keep: Callable[[bytes], None]) -> None:
        self._body = body
        self._length_bytes = length_bytes
        self._keep = keep

    def __iter__(self) -> Iterator[bytes]:
        parts = []
        for part in self._body:
            parts.append(part)
            yield part
        content = b"".join(parts)
        if len(content) == self._length_bytes:
            self._keep(content)

    def close(self) -> None:
        close_body(self._body)


def _key_of(environ: Environ) -> Key | None:
    """Return the request as a key, without its Accept. None for a request that goes the usual way."""
    path = environ["PATH_INFO"]
    if environ["REQUEST_METHOD"] not in _METHODS or not path.startswith("/images/"):
        return None
    if not environ.keys().isdisjoint(_UNUSUAL):
        return None
    cookies = environ.get("HTTP_COOKIE")
    if cookies and (settings.SESSION_COOKIE_NAME in cookies or settings.CSRF_COOKIE_NAME in cookies):
        return None  # Django may set such a cookie anew, whatever the request is about
    secret = environ.get("HTTP_AUTHORIZATION")
    key = (
        environ["wsgi.url_scheme"],
        environ.get("HTTP_X_FORWARDED_PROTO"),
        environ.get("HTTP_HOST"),
        path,
        environ["QUERY_STRING"],
        sha256(secret.encode("utf-8", "surrogatepass")).digest() if secret else None,
    )
    return key if _size_of(key) + len(environ.get("HTTP_ACCEPT", "")) <= _MAX_KEY else None


def _size_of(key: Key) -> int:
    return sum(len(part) for part in key if part)


def _refreshes(kept: _Kept, environ: Environ) -> bool:
    """Whether this request is the one that makes the answer anew."""
    return kept.answer is not None and _is_plain(environ) and kept.answer.take_ticket()


def _with_accept(key: Key, environ: Environ) -> Key:
    return (*key, environ.get("HTTP_ACCEPT"))


def _is_plain(environ: Environ) -> bool:
    """Whether the request asks for the bytes of the image in any case."""
    return environ["REQUEST_METHOD"] == "GET" and "HTTP_IF_NONE_MATCH" not in environ


def _ending(stamp: Stamp, facts: AnswerFacts) -> Stamp | None:
    """Return the stamp with the end of the key or signature. None if the signature is about to end."""
    if facts.signature_ends_at is not None:
        if facts.signature_ends_at - time.time() < KEPT_S:
            return None
        stamp = stamp.ending_at(facts.signature_ends_at)
    return stamp if facts.key_ends_at is None else stamp.ending_at(facts.key_ends_at)
