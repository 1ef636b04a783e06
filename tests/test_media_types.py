"""A success whose media type is not the expected one comes from a proxy, for every call of both clients."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from progimage import AsyncClient, Client, errors
from progimage.operations import Output
from progimage.wire.media_types import image_type, matches
from tests.support.clients import IMAGE, KEY, PNG, URL, Script, answering
from transforms.formats.table import FORMATS

ID = IMAGE["id"]

CALLS: dict[str, Callable[[Any], Any]] = {
    "upload": lambda client: client.upload(PNG),
    "upload with a long description": lambda client: client.upload(PNG, metadata={"text": "x" * 5_000}),
    "upload_url": lambda client: client.upload_url("https://example.org/x.png"),
    "create_upload_url": lambda client: client.create_upload_url(),
    "get": lambda client: client.get(ID),
    "list": lambda client: client.list(),
    "update": lambda client: client.update(ID, tags=["x"]),
    "delete": lambda client: client.delete(ID),
    "download": lambda client: client.download(ID),
    "download of a rendition": lambda client: client.download(ID, format="webp"),
    "download into a file": lambda client: client.download(ID, to="x.png"),
    "transform": lambda client: client.transform(PNG, "grayscale"),
    "transform into a file": lambda client: client.transform(PNG, "grayscale", to="x.png"),
    "derive": lambda client: client.derive(PNG, "grayscale"),
    "plan": lambda client: client.plan(PNG, "grayscale"),
    "operations": lambda client: client.operations(),
    "archive": lambda client: client.archive([ID], to="x.zip"),
    "renditions": lambda client: client.renditions(ID),
    "make_renditions": lambda client: client.make_renditions(ID, "grayscale"),
    "purge_renditions": lambda client: client.purge_renditions(ID),
}

PAGE = b"<!doctype html><title>Log in</title>"
FOREIGN = {
    "a page of HTML": answering(200, PAGE, Content_Type="text/html; charset=utf-8"),
    "a page of HTML, created": answering(201, PAGE, Content_Type="text/html"),
    "text": answering(200, b"OK", Content_Type="text/plain"),
    "bytes without a type": lambda: httpx.Response(200, content=PAGE),
    "bytes of any type": answering(200, PNG, Content_Type="application/octet-stream"),
    "a problem": answering(200, b"{}", Content_Type="application/problem+json"),
}


def iterated(result: Any) -> Any:
    return list(result) if hasattr(result, "__next__") else result


async def awaited(result: Any) -> Any:
    if hasattr(result, "__anext__"):
        return [row async for row in result]
    return await result


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
class TestForeignAnswers:
    @pytest.mark.parametrize("answer", FOREIGN.values(), ids=FOREIGN.keys())
    def test_are_a_failed_connection(self, call: Callable[[Any], Any], answer: Any, folder: Path) -> None:
        script = Script(answer)
        client, _ = script.client()
        with pytest.raises(errors.ConnectionFailed):
            iterated(call(client))
        assert len(script.requests) == 3, "a proxy may be gone a moment later"
        assert list(folder.iterdir()) == []

    def test_are_one_for_asyncio(self, call: Callable[[Any], Any], folder: Path) -> None:
        script = Script(FOREIGN["a page of HTML"])

        async def work() -> None:
            async with AsyncClient(URL, api_key=KEY, transport=script.transport, max_retries=0) as client:
                await awaited(call(client))

        with pytest.raises(errors.ConnectionFailed):
            asyncio.run(work())
        assert list(folder.iterdir()) == []


def test_every_call_is_among_them() -> None:
    made_without_a_request = {"url", "signed_url", "close", "upload_many"}
    names = {name for name in vars(Client) | vars(Client.__base__) if not name.startswith("_")}
    assert {name.partition(" ")[0] for name in CALLS} == names - made_without_a_request


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        pytest.param("get", answering(200, PNG), id="image for JSON"),
        pytest.param("get", answering(204), id="nothing for JSON"),
        pytest.param("delete", answering(200, IMAGE), id="JSON for nothing"),
        pytest.param("download", answering(200, IMAGE), id="JSON for an image"),
        pytest.param("download of a rendition", answering(200, PNG), id="another format"),
        pytest.param("archive", answering(200, PNG), id="image for a zip"),
        pytest.param("operations", answering(200, {}), id="JSON for JSON Schema"),
        pytest.param("get", answering(200, b'{"id": ', Content_Type="application/json"), id="half of JSON"),
        pytest.param(
            "get", answering(200, IMAGE | {"focal_point": {"x": 10**400, "y": 0}}), id="huge number"
        ),
        pytest.param("plan", answering(200, {"steps": 7, "format": {}}), id="no plan"),
        pytest.param(
            "archive", answering(200, b"PK\x05\x06", Content_Type="application/zip"), id="half a zip"
        ),
    ],
)
def test_answers_of_another_kind(call: str, answer: Any) -> None:
    client, _ = Script(answer).client()
    with pytest.raises(errors.ConnectionFailed):
        iterated(CALLS[call](client))


def test_a_repeated_deletion_is_not_confirmed_by_a_page() -> None:
    page = answering(404, PAGE, Content_Type="text/html")
    client, _ = Script(httpx.ReadError("the response was lost"), page).client()
    with pytest.raises(errors.ConnectionFailed, match="text/html"):
        client.delete(ID)


@pytest.mark.parametrize(
    "format", [format for format in FORMATS.values() if format.can_write], ids=lambda format: format.name
)
def test_formats_have_the_media_types_of_the_server(format: Any) -> None:
    assert image_type(format.name) == format.media_type
    for extension in format.extensions:
        assert image_type(extension) == format.media_type


def test_a_format_that_the_server_chooses_may_be_any_image() -> None:
    assert {image_type(None), image_type("auto")} == {"image/*"}
    assert Output().format is None


@pytest.mark.parametrize(
    ("content_type", "expected", "is_match"),
    [
        ("application/json", "application/json", True),
        ("Application/JSON; charset=utf-8", "application/json", True),
        ("application/jsonp", "application/json", False),
        ("image/heic", "image/*", True),
        ("imagery/png", "image/*", False),
        ("", "image/*", False),
        ("", "", False),
        ("text/html", "", False),
    ],
)
def test_matches(content_type: str, expected: str, is_match: bool) -> None:
    assert matches(content_type, expected) == is_match
