"""Uploads by the client: URLs that take one image, and images that the server fetches."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from progimage import Client, Transform, errors
from progimage.operations import Resize
from tests.support.clients import PNG, application, client
from tests.support.remote_servers import open_the_way, respond, serve

__all__ = ["client"]


def test_an_upload_url_takes_one_image_without_a_key(client: Client) -> None:
    upload = client.create_upload_url(
        max_bytes=1_000, media_types=["image/png"], expires_in_s=120, tags=["browser"], filename="x.png"
    )
    assert (upload.method, upload.max_bytes, upload.media_types) == ("PUT", 1_000, ("image/png",))
    assert upload.expires_at > datetime.now(UTC)
    with httpx.Client(transport=application()) as anybody:
        answer = anybody.put(upload.url, content=PNG, headers={"Content-Type": "image/png"})
    assert answer.status_code == 201, answer.text
    image = client.get(upload.id)
    assert (image.tags, image.filename, image.bytes) == (("browser",), "x.png", len(PNG))


def test_eager_is_taken_by_every_upload(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    eager: list[Any] = ["w=5&format=webp", *(Transform((Resize(width=width),)) for width in range(1, 20))]
    stored = [client.upload(PNG, eager=eager[:2]), client.upload(PNG, eager=eager)]
    with serve() as remote:
        open_the_way(settings, monkeypatch, remote)
        remote.answers["/hill.png"] = respond(PNG, "Content-Type: image/png")
        stored.append(client.upload_url(remote.url("/hill.png"), eager=eager[:4]))
    upload = client.create_upload_url(eager=eager[:5])
    with httpx.Client(transport=application()) as anybody:
        anybody.put(upload.url, content=PNG, headers={"Content-Type": "image/png"}).raise_for_status()
    ids = [*(image.id for image in stored), upload.id]
    assert [len(list(client.renditions(image_id))) for image_id in ids] == [2, 20, 4, 5]


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param(["a,b", "c"], id="a comma"),
        pytest.param(["[draft]", "b"], id="brackets"),
        pytest.param(['["a"]'], id="an array in JSON"),
        pytest.param(["{x}", '"q"'], id="other beginnings of JSON"),
        pytest.param(["grün"], id="letters beyond ASCII"),
        pytest.param([f"{number:02} {'x' * 60}" for number in range(50)], id="too long for a query"),
    ],
)
def test_tags_are_stored_as_given_by_every_call(client: Client, tags: list[str]) -> None:
    stored = client.upload(PNG, tags=tags)
    derived = client.derive(PNG, "grayscale", format="png", tags=tags)
    of_stored = client.derive(stored.id, "grayscale", format="png", tags=tags)
    assert {image.tags for image in (stored, derived, of_stored)} == {tuple(tags)}


def test_upload_url(client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve() as remote:
        open_the_way(settings, monkeypatch, remote)
        remote.answers["/hill.png"] = respond(PNG, "Content-Type: image/png")
        image = client.upload_url(remote.url("/hill.png"), tags=["a,b"], metadata={"shot": 7})
        assert (image.tags, image.metadata, image.filename) == (("a,b",), {"shot": 7}, "hill.png")
        assert client.download(image.id) == PNG
        with pytest.raises(errors.FetchFailed):
            client.upload_url(remote.url("/missing.png"))
    with pytest.raises(errors.UrlNotAllowed) as raised:
        client.upload_url("http://127.0.0.1:22/x.png")
    assert raised.value.pointer == "/url"


def test_a_key_of_the_callers_makes_a_call_repeatable(client: Client) -> None:
    first = client.upload(PNG, idempotency_key="order-7")
    assert client.upload(PNG, idempotency_key="order-7") == first
    with pytest.raises(errors.IdempotencyMismatch):
        client.upload(PNG, idempotency_key="order-7", tags=["x"])
