"""Clients for tests: of the real application in this process, and of a server that follows a script."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections

from progimage import Client, Image
from tests.conftest import Api
from tests.support import images as made

URL = "http://testserver"
KEY = "pi_k3v9x2mq7d4a." + "s" * 43
IMAGE: dict[str, Any] = {
    "id": "01890000-0000-7000-8000-000000000000",
    "format": "png",
    "media_type": "image/png",
    "width": 3,
    "height": 2,
    "frames": 1,
    "bytes": 70,
    "sha256": "0" * 64,
    "has_alpha": False,
    "orientation": 1,
    "visibility": "private",
    "filename": "",
    "tags": [],
    "metadata": {},
    "created_at": "2026-01-02T03:04:05Z",
    "urls": {},
}


def application() -> httpx.WSGITransport:
    """The application as a server would run it, with all of its middleware."""
    from config.wsgi import application

    return httpx.WSGITransport(app=application)


@contextmanager
def kept_connection() -> Iterator[None]:
    """Requests leave the database's connection open, in which the test has its transaction, as Django's own
    client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


class InThread(httpx.AsyncBaseTransport):
    """The same for an AsyncClient: the application blocks, and may not do so in the event loop's thread."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return await asyncio.to_thread(self._answer, request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        try:
            answer = application().handle_request(request)
            content = b"".join(answer.iter_raw())
            answer.close()
            return httpx.Response(answer.status_code, headers=answer.headers, stream=Chunks(content))
        finally:
            connections.close_all()


class Chunks(httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self.content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.content), 1_000):
            yield self.content[start : start + 1_000]


def answering(status: int, content: bytes | Any = b"", **headers: str) -> Callable[[], httpx.Response]:
    """Return a response of a script. `content` is the bytes of an image, or a value that is sent as JSON. `Retry_After` is the header Retry-After."""
    body = {"content": content} if isinstance(content, bytes) else {"json": content}
    if content and isinstance(content, bytes):
        headers.setdefault("Content_Type", "image/png")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: httpx.Response(status, headers=named, **body)


class Script:
    """A server that follows a script of responses and failures, and repeats the last one. It keeps the requests."""

    def __init__(self, *answers: Callable[[], httpx.Response] | Exception) -> None:
        self.answers = answers
        self.requests: list[httpx.Request] = []
        self.transport = httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
        self.requests.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer()

    def client(self, **settings: Any) -> tuple[Client, list[float]]:
        """A client of this server, and the times in s that it waited: none was really waited."""
        given: dict[str, Any] = {"api_key": KEY, "transport": self.transport} | settings
        client = Client(URL, **given)
        waited: list[float] = []
        client._sleep = waited.append  # type: ignore[assignment]
        return client, waited


PNG = made.encoded("png")


@pytest.fixture
def client(api: Api) -> Iterator[Client]:
    with kept_connection(), Client(URL, api_key=api.key, transport=application()) as client:
        yield client


@pytest.fixture
def sample(client: Client) -> Image:
    return client.upload(PNG)
