"""Requests to a WSGI application as a server sends them, and their responses with every byte."""

import io
from dataclasses import dataclass, field
from typing import Any

from config.http.hot_cache import HotCache
from config.http.outermost import Handler, Outermost
from config.slow_clients.application import Application, Environ, limit_slow_clients

RANDOM = ("X-Request-ID", "Set-Cookie")
"""Headers whose values are new for each response. The only cookie here is a token against CSRF."""


@dataclass(frozen=True)
class Reply:
    """A response. `headers` stand in their order; values that are random are left out."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes
    request_id: str = field(compare=False)

    @property
    def code(self) -> int:
        return int(self.status.partition(" ")[0])

    def __getitem__(self, name: str) -> str:
        return dict(self.headers)[name]


def call(application: Application, method: str, target: str, **headers: str) -> Reply:
    """Send a request. `headers` are named as in Python: `If_Match`."""
    path, _, query = target.partition("?")
    environ: Environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "testserver",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    heads: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        heads.append((status, headers))

    body = application(environ, start_response)
    content = b"".join(body)
    close = getattr(body, "close", None)
    if close:
        close()
    ((status, sent),) = heads
    request_id = dict(sent)["X-Request-ID"]
    return Reply(
        status, [(name, "" if name in RANDOM else value) for name, value in sent], content, request_id
    )


class BothWays:
    """The whole application with its hot cache and without it. `slow_calls` counts requests without it."""

    def __init__(self, *, max_bytes: int = 10_000_000) -> None:
        self.slow_calls = 0
        self._whole = Outermost(limit_slow_clients(Outermost(Handler())))
        self.hot = HotCache(self.slow, max_bytes=max_bytes)

    def slow(self, environ: Environ, start_response: Any) -> Any:
        self.slow_calls += 1
        return self._whole(environ, start_response)

    def is_hit(self, method: str, target: str, **headers: str) -> bool:
        """Send a request to the hot cache, and return whether the cache answered it."""
        before = self.slow_calls
        call(self.hot, method, target, **headers)
        return self.slow_calls == before
