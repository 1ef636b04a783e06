"""A request sent to the WSGI application twice: with the layers before Django, and without them.

`ways`, `path` and `public_path` are fixtures: a test module that uses them names them in `__all__`."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from django.db import close_old_connections

from config.http.fast_answers import FastAnswers
from config.http.outermost import Handler, Outermost
from config.slow_clients.application import Application, limit_slow_clients
from images.delivery.answer_facts import ANSWER_FACTS, AnswerFacts
from images.fast_path.direct_pool import direct_pool
from tests.conftest import Api, use_disk
from tests.support import images as made

REQUEST_ID = "a-request-id-of-the-client"


@dataclass(frozen=True)
class Reply:
    """A response, every byte of it. Headers are in their order."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return dict(self.headers)[name]


@dataclass
class Ways:
    """Both ways to an answer. `django_calls` counts the requests that reached Django on the fast way."""

    django_calls: int = 0
    _fast: Application = field(init=False)
    _slow: Application = field(init=False)

    def __post_init__(self) -> None:
        handler = Outermost(Handler())

        def counted(environ: Any, start_response: Any) -> Iterable[bytes]:
            self.django_calls += 1
            return handler(environ, start_response)

        self._fast = Outermost(limit_slow_clients(FastAnswers(counted)))
        self._slow = Outermost(limit_slow_clients(Outermost(Handler())))

    def fast(self, target: str, method: str = "GET", **headers: Any) -> tuple[Reply, bool]:
        """Return the answer, and whether the layers before Django gave it."""
        calls = self.django_calls
        reply = send(self._fast, target, method, **headers)
        return reply, self.django_calls == calls

    def slow(self, target: str, method: str = "GET", **headers: Any) -> Reply:
        return send(self._slow, target, method, **headers)

    def compared(self, target: str, method: str = "GET", **headers: str) -> tuple[Reply, bool]:
        """Return the answer, which is the same both ways, and whether it came past Django."""
        headers = {"X-Request-ID": REQUEST_ID, **headers}
        reply, is_fast = self.fast(target, method, **headers)
        expected = self.slow(target, method, **headers)
        assert reply == expected, f"{_explain(reply)} but Django answers {_explain(expected)}"
        return reply, is_fast


def send(
    application: Application,
    target: str,
    method: str = "GET",
    *,
    facts: AnswerFacts | None = None,
    **headers: str,
) -> Reply:
    """Send a request as granian does: the path decoded, the query as it came.

    The layers fill in `facts`, as they do for the hot cache."""
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path, "latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "0",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "testserver",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
    }
    if facts is not None:
        environ[ANSWER_FACTS] = facts
    for name, value in headers.items():
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if f"HTTP_{name}" in environ:
            environ[name] = environ.pop(f"HTTP_{name}")
    heads: list[tuple[str, list[tuple[str, str]]]] = []
    parts = application(environ, lambda status, head, exc_info=None: heads.append((status, head)))
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close:
            close()
        close_old_connections()
    ((status, head),) = heads
    return Reply(status, tuple(head), body)


def _explain(reply: Reply) -> str:
    lines = "\n".join(f"{name}: {value}" for name, value in reply.headers)
    return f"{reply.status}\n{lines}\n\n{reply.body[:300]!r}\n"


@pytest.fixture
def ways(settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Ways]:
    use_disk(settings, tmp_path)
    yield Ways()
    direct_pool.close()
    assert [record for record in caplog.records if record.name == "progimage.error"] == []


@pytest.fixture
def path(ways: Ways, api: Api) -> str:
    """A private image with the rendition `.webp?w=50`."""
    path = api.stored(made.encoded("jpeg", made.photograph()))
    assert api.get(f"{path}.webp?w=50").status_code == 200
    return path


@pytest.fixture
def public_path(ways: Ways, api: Api) -> str:
    path = api.stored(made.encoded("png"), query="?visibility=public")
    assert api.get(f"{path}.webp?w=50").status_code == 200
    return path


def bearer(api: Api) -> dict[str, str]:
    return {"Authorization": f"Bearer {api.key}"}


def environ_of(path: str, query: str, api: Api) -> dict[str, str]:
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_AUTHORIZATION": f"Bearer {api.key}",
        "HTTP_HOST": "testserver",
        "wsgi.url_scheme": "http",
    }


def refused(ways: Ways, target: str, **headers: str) -> str:
    """The status of a refusal, which Django gives."""
    reply, is_fast = ways.fast(target, **headers)
    assert not is_fast
    return reply.status[:3]
