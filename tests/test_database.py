"""A thread keeps no database connection during slow work: storage, the receipt of a body, a download."""

import hashlib
import io
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.db import OperationalError, connection, transaction
from django.http import HttpRequest
from psycopg_pool import PoolTimeout

from accounts.models import Account
from images.database import reason_of, release_connection, sleep_without_connection
from images.database_failures import failures
from images.ids import uuid7
from images.receiving.forms import receive_form
from images.receiving.uploads import receive_raw
from images.remote.download import _Fetch, download
from images.storage import ObjectStorage, contract
from progimage.errors import Unavailable
from tests.support.remote_servers import open_the_way, respond, serve
from tests.support.storage_markers import marker_is_restored

__all__ = ["marker_is_restored"]
CONTENT = b"bytes"
BOUNDARY = "b" * 20
FORM_BODY = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="tags"\r\n\r\na\r\n'
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\nbytes\r\n'
    f"--{BOUNDARY}--\r\n"
).encode()


def use_connection() -> None:
    Account.objects.exists()
    assert connection.connection is not None


def is_held() -> bool:
    return connection.connection is not None


@pytest.mark.django_db(transaction=True)
def test_released_and_taken_again() -> None:
    for release in (release_connection, lambda: sleep_without_connection(0)):
        use_connection()
        release()
        assert not is_held()


def test_kept_in_a_transaction(db: None) -> None:
    with transaction.atomic():
        use_connection()
        release_connection()
        assert is_held()


def open_path(storage: ObjectStorage, name: str) -> None:
    with storage.local_path(name):
        pass


CALLS: dict[str, Callable[[ObjectStorage, str], object]] = {
    "put": lambda storage, _: storage.put(
        f"originals/ab/{uuid7()}", io.BytesIO(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest()
    ),
    "open_range": lambda storage, name: storage.open_range(name).close(),
    "local_path": open_path,
    "delete": lambda storage, name: storage.delete(name),
    "find_object": lambda storage, name: storage.find_object(name),
    "list_objects": lambda storage, name: list(storage.list_objects(name)),
    "check": lambda storage, _: storage.check(),
    "find_marker": lambda storage, _: storage.find_marker(),
    "make_place": lambda storage, _: storage.create(),
    "probe": lambda storage, _: storage.create(),
    "mark": lambda storage, _: storage.create(),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("method", CALLS)
@pytest.mark.usefixtures("marker_is_restored")
def test_calls_of_storage(storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    name = f"originals/ab/{uuid7()}"
    storage.put(name, io.BytesIO(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())
    work = getattr(storage, f"_{method}")
    held: list[bool] = []

    def watch(*arguments: Any, **options: Any) -> Any:
        held.append(is_held())
        return work(*arguments, **options)

    monkeypatch.setattr(storage, f"_{method}", watch)
    monkeypatch.setattr(contract, "installation_id", uuid4)
    use_connection()
    CALLS[method](storage, name)
    assert set(held) == {False}


@pytest.mark.django_db(transaction=True)
def test_queries_while_objects_are_listed(storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[bool] = []

    def list_two(prefix: str) -> Iterator[str]:
        for name in ("a", "b"):
            held.append(is_held())
            yield name

    monkeypatch.setattr(storage, "_list_objects", list_two)
    for _ in storage.list_objects(""):
        use_connection()
    assert held == [False, False]


class WatchedBody(io.BytesIO):
    """A body that notes, each time that it is read, whether a connection is held."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.held: set[bool] = set()

    def read(self, size: int | None = -1) -> bytes:
        self.held.add(is_held())
        return super().read(size)


def request_of(body: WatchedBody, content_type: str) -> HttpRequest:
    return WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": content_type,
            "CONTENT_LENGTH": str(len(body.getvalue())),
            "wsgi.input": body,
        }
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("content", "content_type", "receive"),
    [
        pytest.param(CONTENT, "image/png", receive_raw, id="a raw body"),
        pytest.param(FORM_BODY, f"multipart/form-data; boundary={BOUNDARY}", receive_form, id="a form"),
    ],
)
def test_receipt_of_a_body(content: bytes, content_type: str, receive: Any) -> None:
    body = WatchedBody(content)
    use_connection()
    with receive(request_of(body, content_type)):
        assert body.held == {False}
        assert not is_held()


@pytest.fixture
def url(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serve() as remote:
        remote.answers["/a.png"] = respond(CONTENT)
        open_the_way(settings, monkeypatch, remote)
        yield remote.url("/a.png")


@pytest.mark.django_db(transaction=True)
def test_download(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    follow = _Fetch.follow
    held: list[bool] = []

    def watch(*arguments: Any) -> None:
        held.append(is_held())
        follow(*arguments)

    monkeypatch.setattr(_Fetch, "follow", watch)
    use_connection()
    with download(url, account=Account(pk=7)):
        assert not is_held()
    assert held == [False]


def test_outages_are_one_line() -> None:
    """A worker that has no connection logs why."""
    given_up = OperationalError("couldn't get a connection")
    given_up.__cause__ = PoolTimeout("couldn't get a connection")
    failures.note(psycopg.OperationalError('FATAL:  database "x" does not exist\nand more'))
    try:
        reason = reason_of(given_up)
    finally:
        failures.forget()
    assert reason.startswith("Postgres has no such database: ")
    assert reason.endswith('FATAL:  database "x" does not exist')
    assert reason_of(Unavailable("The storage\nis away")) == "Unavailable: The storage"
