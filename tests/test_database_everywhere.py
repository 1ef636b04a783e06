"""No endpoint holds a database connection while it waits: for storage, a child, a body, another server, or a client
that reads. The requests go through the whole WSGI application. tests/test_worker_pool.py has the wait for a turn."""

import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory

from config.http.outermost import Handler
from config.slow_clients import application
from config.slow_clients.application import limit_slow_clients
from images.remote.download import _Fetch
from images.storage import DiskObjectStorage
from tests.conftest import Api, make_api, use_disk
from tests.support import images as made
from tests.support.remote_servers import open_the_way, respond, serve
from tests.test_matrix import JSON, PNG, ROWS, Row
from transforms.workers.process_pool import Processes

pytestmark = pytest.mark.django_db(transaction=True)

STORAGE_METHODS = (
    "_put",
    "_open_range",
    "_local_path",
    "_delete",
    "_find_object",
    "_list_objects",
    "_find_marker",
)
LARGE = made.encoded("bmp", made.picture(300, 300))
FORM = (
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + PNG + b"\r\n--x--\r\n"
)
Seen = dict[str, set[bool]]


class WatchedBody(io.BytesIO):
    def __init__(self, content: bytes, watch: Callable[[str], None]) -> None:
        super().__init__(content)
        self._watch = watch

    def read(self, size: int | None = -1, /) -> bytes:
        self._watch("a body")
        return super().read(size)


class WsgiApi(Api):
    """Sends requests through the WSGI application, and reads each response part by part."""

    watch: Callable[[str], None]

    def request(self, method: str, path: str, **options: Any) -> Any:
        content = options.get("data", b"")
        media_type = options.get("content_type", "application/octet-stream")
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        headers |= options.get("headers", {})
        request = RequestFactory().generic(method, path, content, media_type, headers=headers)
        environ = request.environ | {"wsgi.input": WatchedBody(content, self.watch)}
        head: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            head[:] = [int(status[:3]), dict(headers)]

        response: Any = limit_slow_clients(Handler())(environ, start_response)
        parts = []
        for part in response:
            self.watch("a client")
            parts.append(part)
        response.close()
        status, response_headers = head
        return HttpResponse(b"".join(parts), status=status, headers=response_headers)


@pytest.fixture
def seen() -> Seen:
    """What a request has waited for, and whether it held a connection then."""
    return defaultdict(set)


@pytest.fixture
def api(
    seen: Seen, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transactional_db: None
) -> Iterator[WsgiApi]:
    use_disk(settings, tmp_path / "files")

    def watch(kind: str) -> None:
        seen[kind].add(connection.connection is not None)

    def watched(owner: type, name: str, kind: str) -> None:
        work = getattr(owner, name)

        def watching(*arguments: Any, **options: Any) -> Any:
            watch(kind)
            return work(*arguments, **options)

        monkeypatch.setattr(owner, name, watching)

    for name in STORAGE_METHODS:
        watched(DiskObjectStorage, name, "storage")
    watched(Processes, "run", "a child")
    watched(_Fetch, "follow", "another server")
    monkeypatch.setattr(application, "guard", lambda port: None)
    account_api = make_api("alice")
    wsgi_api = WsgiApi(account_api.account, account_api.key)
    wsgi_api.watch = watch
    yield wsgi_api
    connection.close()


def row(method: str, route: str, body: bytes = b"", media_type: str = JSON, query: str = "") -> Row:
    return Row(
        method=method,
        route=route,
        body=body,
        media_type=media_type,
        query=query,
        own=200,
        read=0,
        write=0,
        foreign=0,
    )


MORE_ROWS = {
    "a form": row("POST", "images", FORM, "multipart/form-data; boundary=x"),
    "an upload by its address": row("POST", "images", b'{"url": "REMOTE_URL"}'),
    "a transform of an address": row("POST", "transforms", b'{"url": "REMOTE_URL"}'),
    "a transform beside another image": row(
        "POST",
        "transforms",
        b'{"id": "IMAGE_ID", "transform": {"operations": [{"op": "composite", "image": "REMOTE_URL"}]}}',
    ),
    "a stored result": row("POST", "transforms", b'{"id": "IMAGE_ID", "store": true}'),
    "a transform of a body": row("POST", "transforms", LARGE, "image/bmp", "?w=50"),
    "a purge": row("DELETE", "images/<uuid:image_id>", query="?purge=true"),
    "an archive of renditions": row("POST", "images/archive", b'{"ids": ["IMAGE_ID"], "format": "gif"}'),
    "an archive by a query": row("POST", "images/archive", b'{"query": {"format": "bmp"}}'),
    "a range": row("GET", "images/<uuid:image_id>"),
}
CASES = {str(row): row for row in ROWS} | MORE_ROWS


@pytest.fixture
def remote_url(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serve() as remote:
        remote.answers["/a.png"] = respond(PNG)
        open_the_way(settings, monkeypatch, remote)
        yield remote.url("/a.png")


@pytest.mark.parametrize("name", CASES)
def test_no_connection_is_held(api: WsgiApi, seen: Seen, name: str, remote_url: str) -> None:
    """Each request is sent twice: a rendition is made by the first, and found by the second."""
    stored = json.loads(api.upload(LARGE, media_type="image/bmp").content)["id"]
    case = CASES[name]
    filled = Row(**vars(case) | {"body": case.body.replace(b"REMOTE_URL", remote_url.encode())})
    for _ in range(2):
        answer = filled.send(api, stored)
        assert answer.status_code < 500, answer.content
    assert {kind for kind, held in seen.items() if True in held} == set()
    if case in MORE_ROWS.values():
        assert answer.status_code in (200, 201, 204, 404), answer.content


def test_every_kind_of_wait_is_watched(api: WsgiApi, seen: Seen, remote_url: str) -> None:
    """Otherwise a hook that is never called would pass the test above."""
    body = json.dumps({"url": remote_url}).encode()
    assert api.request("POST", "/transforms", data=body, content_type=JSON).status_code == 200
    path = f"/images/{json.loads(api.upload(PNG).content)['id']}"
    assert api.request("GET", path).content == PNG
    assert seen == {kind: {False} for kind in ("a body", "a child", "a client", "another server", "storage")}
