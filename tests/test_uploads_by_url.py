"""POST /images with the address of an image: fetched, then stored as any other."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import IdempotentRequest
from images.models import Image
from tests.conftest import Api
from tests.support import images as made
from tests.support.remote_servers import Remote, open_the_way, respond, serve

PNG, JPEG = made.encoded("png"), made.encoded("jpeg")


@pytest.fixture
def remote(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    """A server that may be fetched from, by any name."""
    with serve() as server:
        server.answers["/photos/a.png"] = respond(PNG)
        open_the_way(settings, monkeypatch, server)
        yield server


def send(api: Api, body: Any, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return api.request("POST", "/images", data=content, content_type="application/json", headers=headers)


def test_answers_the_image(api: Api, remote: Remote) -> None:
    described = {"tags": ["a,b", "c"], "metadata": {"shot": 7}, "visibility": "public"}
    answer = send(api, {"url": remote.url("/photos/a.png")} | described)
    image = answer.json()
    assert answer.status_code == 201
    assert answer["Location"] == image["urls"]["original"]
    assert {name: image[name] for name in described} == described
    assert (image["filename"], image["format"]) == ("a.png", "png")
    assert api.get(f"/images/{image['id']}").body == PNG


@pytest.mark.parametrize(
    ("path", "given", "expected"),
    [
        ("/photos/a.png?token=secret", {}, "a.png"),
        ("/photos/a.png", {"filename": "mine.png"}, "mine.png"),
        ("/photos/", {}, ""),
        ("/%E2%82%AC.png", {}, "\u20ac.png"),
        ("/a%E2%80%AEb%0a.png", {}, "ab.png"),
        ("/..%2f..%2fetc", {}, "etc"),
        ("/" + "x" * 252 + ".png", {}, "x" * 251 + ".png"),
    ],
)
def test_name(api: Api, remote: Remote, path: str, given: dict[str, str], expected: str) -> None:
    remote.answers[path] = respond(PNG)
    answer = send(api, {"url": remote.url(path)} | given)
    assert (answer.status_code, answer.json()["filename"]) == (201, expected)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/url"),
        ({"url": None}, "/url"),
        ({"url": ["http://x"]}, "/url"),
        ({"url": 7}, "/url"),
        ({"url": "file:///etc/passwd"}, "/url"),
        ({"url": "http://127.0.0.1/a.png"}, "/url"),
        ({"url": "URL", "colour": "red"}, "/colour"),
        ({"url": "URL", "tags": "a,b"}, "/tags"),
        ({"url": "URL", "tags": [7]}, "/tags/0"),
        ({"url": "URL", "tags": [["a"]]}, "/tags/0"),
        ({"url": "URL", "tags": None}, "/tags"),
        ({"url": "URL", "metadata": '{"a": 1}'}, "/metadata"),
        ({"url": "URL", "metadata": []}, "/metadata"),
        ({"url": "URL", "metadata": None}, "/metadata"),
        ({"url": "URL", "visibility": True}, "/visibility"),
        ({"url": "URL", "visibility": []}, "/visibility"),
        ({"url": "URL", "visibility": 1}, "/visibility"),
        ({"url": "URL", "visibility": None}, "/visibility"),
        ({"url": "URL", "filename": 7}, "/filename"),
        ({"url": "URL", "filename": None}, "/filename"),
        ({"url": "URL", "replaces": "x"}, "/replaces"),
        ({"url": "URL", "replaces": {}}, "/replaces"),
        (b"[]", None),
        (b"{", None),
        (b"", None),
        (b'{"url": "a", "url": "b"}', None),
    ],
    ids=str,
)
def test_refused_bodies(api: Api, remote: Remote, settings: Any, body: Any, pointer: str | None) -> None:
    if isinstance(body, dict) and body.get("url") == "URL":
        body = body | {"url": remote.url("/photos/a.png")}
    else:
        settings.FETCH_ALLOWED_NETWORKS = []
    answer = send(api, body) if body != b"" else api.request(
        "POST", "/images", CONTENT_TYPE="application/json", CONTENT_LENGTH="0"
    )  # fmt: skip
    assert (answer.status_code, answer.json().get("pointer")) == (400, pointer)
    assert answer.json()["detail"].startswith("Expected ")
    assert not Image.objects.exists()
    assert remote.requests == []


def test_body_is_bounded(api: Api) -> None:
    answer = send(api, b" " * 1_000_001)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_query_beside_it_is_refused(api: Api) -> None:
    answer = api.request("POST", "/images?tags=a", data=b"{}", content_type="application/json")
    assert (answer.status_code, answer.json()["pointer"]) == (400, "/tags")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (respond(b"<svg/>", "Content-Type: image/png"), 415, "unsupported_format"),
        (respond(PNG[:-40]), 422, "unprocessable_image"),
        (respond(status="404 Not Found"), 422, "fetch_failed"),
        (respond(b"x" * 30_000), 413, "body_too_large"),
    ],
    ids=["SSRF-9: no image", "half an image", "not found", "too large"],
)
def test_answers_that_are_no_image(
    api: Api, remote: Remote, settings: Any, content: bytes, status: int, code: str
) -> None:
    settings.MAX_UPLOAD_BYTES = 20_000
    remote.answers["/photos/a.png"] = content
    answer = send(api, {"url": remote.url("/photos/a.png")})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Image.objects.exists()


class TestSentAgain:
    """With an Idempotency-Key the address is fetched once, and its first response is the image."""

    def test_when_done(self, api: Api, remote: Remote) -> None:
        url, spelled = remote.url("/photos/a.png"), b'{"tags":["a"],  "url": "URL"}'
        body = {"url": url, "tags": ["a"]}
        first = send(api, body, **{"Idempotency-Key": "x"})
        again = send(api, spelled.replace(b"URL", url.encode()), **{"Idempotency-Key": "x"})
        assert (first.status_code, again.content) == (201, first.content)
        assert len(remote.requests) == 1
        other = send(api, body | {"tags": ["b"]}, **{"Idempotency-Key": "x"})
        assert other.json()["code"] == "idempotency_mismatch"

    def test_after_a_crash_when_it_answers_otherwise(self, api: Api, remote: Remote) -> None:
        """F-3."""
        body = {"url": remote.url("/photos/a.png")}
        first = send(api, body, **{"Idempotency-Key": "x"})
        row = IdempotentRequest.objects.get()
        IdempotentRequest.objects.update(
            status=None, answer=None, locked_until=row.expires_at.replace(year=2000)
        )
        remote.answers["/photos/a.png"] = respond(JPEG)
        again = send(api, body, **{"Idempotency-Key": "x"})
        assert (again.status_code, again.content) == (201, first.content)

    def test_failed_fetch_is_kept(self, api: Api, remote: Remote) -> None:
        for _ in range(2):
            answer = send(api, {"url": remote.url("/none")}, **{"Idempotency-Key": "x"})
        assert (answer.status_code, answer["Idempotency-Replayed"]) == (422, "true")
        assert len(remote.requests) == 1
