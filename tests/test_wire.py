"""Responses as they leave the server: bytes on a socket, read without a library that would mend them."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from http.client import IncompleteRead
from pathlib import Path

import pytest

from images.models import Image
from progimage import Client, errors
from tests.conftest import skip_or_fail
from tests.support import images as made
from tests.support.granian_server import Server, serving

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
_ABOUT_BODIES = ("content-", "transfer-encoding")


@pytest.fixture
def server(tmp_path: Path, db: None) -> Iterator[Server]:
    with serving(tmp_path, {}) as running:
        yield running


def exchange(server: Server, request_line: str, *header_lines: str) -> tuple[int, dict[str, str], bytes]:
    """Return the status, the headers and every byte that follows until the server closes the connection."""
    lines = [f"{request_line} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {server.key}"]
    lines += [*header_lines, "Connection: close", "", ""]
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall("\r\n".join(lines).encode())
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, content = received.partition(b"\r\n\r\n")
    status_line, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (field.split(": ", 1) for field in fields)}
    return int(status_line.split(" ")[1]), headers, content


def upload(server: Server, content: bytes) -> str:
    status, _, answer = server.request(
        "POST", "/images?visibility=public", content, **{"Content-Type": "image/png"}
    )
    assert status == 201, answer
    image_id: str = json.loads(answer)["id"]
    return image_id


def test_304_and_204_say_nothing_of_a_body(server: Server) -> None:
    image = f"/images/{upload(server, made.encoded('png'))}"
    style = "/static/admin/css/base.css"
    matching = [image, f"{image}.webp", f"{image}.json", "/operations", style]
    answers = {}
    for path in matching:
        headers = exchange(server, f"GET {path}")[1]
        name, validator = (
            ("If-None-Match", "etag") if "etag" in headers else ("If-Modified-Since", "last-modified")
        )
        for method in ("GET", "HEAD"):
            answers[f"{method} {path}"] = exchange(
                server, f"{method} {path}", f"{name}: {headers[validator]}"
            )
    assert {answer[0] for answer in answers.values()} == {304}
    answers["preflight"] = exchange(server, "OPTIONS /uploads/01890000-0000-7000-8000-000000000000")
    answers["purge"] = exchange(server, f"DELETE {image}/renditions")
    answers["delete"] = exchange(server, f"DELETE {image}")
    assert [answers[name][0] for name in ("preflight", "purge", "delete")] == [204] * 3
    for name, (_, headers, content) in answers.items():
        assert content == b"", name
        assert [header for header in headers if header.startswith(_ABOUT_BODIES)] in (
            [],
            ["content-security-policy"],
        ), name


def test_every_body_has_its_length(server: Server) -> None:
    image = f"/images/{upload(server, made.encoded('png'))}"
    paths = [
        image,
        f"{image}.webp",
        f"{image}.json",
        f"{image}/renditions",
        "/images",
        "/operations",
        "/schema",
    ]
    paths += [
        "/docs",
        "/healthz",
        "/readyz",
        "/admin/",
        "/admin/login/",
        "/static/admin/css/base.css",
        "/nothing",
    ]
    for path in paths:
        _, headers, content = exchange(server, f"GET {path}")
        assert "transfer-encoding" not in headers, path
        assert headers["content-length"] == str(len(content)), path
    refused = exchange(server, "GET /images", "Host: evil.example")
    assert refused[1]["content-length"] == str(len(refused[2]))


def test_an_archive_that_fails_half_way_breaks_off(server: Server, tmp_path: Path) -> None:
    """curl, http.client and the project's own client all say so; the repetition names the missing image."""
    if shutil.which("curl") is None:
        skip_or_fail("curl is not installed")
    content = made.encoded("bmp", made.picture(400, 300))
    kept, lost = upload(server, content), upload(server, made.encoded("png"))
    body = json.dumps({"ids": [kept, lost]})
    stored = tmp_path / "files" / Image.objects.get(pk=lost).storage_name
    hidden = stored.rename(tmp_path / "hidden")
    unflag = Image.objects.filter(pk=lost)

    command = ["curl", "-sS", "-o", str(tmp_path / "curl.zip"), "-H", "Content-Type: application/json",
               "-H", f"Authorization: Bearer {server.key}", "-d", body,
               f"http://127.0.0.1:{server.port}/images/archive"]  # fmt: skip
    assert subprocess.run(command, capture_output=True, check=False).returncode == 18

    unflag.update(missing_at=None)
    with pytest.raises(IncompleteRead):
        server.request("POST", "/images/archive", body, **{"Content-Type": "application/json"})

    unflag.update(missing_at=None)
    target = tmp_path / "client.zip"
    with Client(f"http://127.0.0.1:{server.port}", api_key=server.key, max_retries=0) as client:
        with pytest.raises(errors.ConnectionFailed):
            client.archive([kept, lost], to=target)
        assert not target.exists()
        archive = client.archive([kept, lost], to=target)
        assert [(str(failure.id), failure.code) for failure in archive.failed] == [(lost, "object_missing")]
        hidden.rename(stored)
        assert client.archive([kept, lost], to=target).failed == ()
