"""Bodies that the client sends, and sources that it refuses before it sends anything."""

import hashlib
import io
import os
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from progimage import Client, errors
from tests.support.clients import (
    IMAGE,
    KEY,
    PNG,
    URL,
    Script,
    answering,
    client,
)

__all__ = ["client"]


def test_a_file_is_read_from_where_it_stands(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "with-head"
    path.write_bytes(b"head" + PNG)
    with path.open("rb") as file:
        file.seek(4)
        assert client.upload(file).sha256 == hashlib.sha256(PNG).hexdigest()


def test_what_is_sent() -> None:
    script = Script(answering(201, IMAGE))
    client, _ = script.client()
    client.upload(PNG, tags=(name for name in ("one", "two")), idempotency_key="mine-1")  # type: ignore[arg-type]
    (request,) = script.requests
    digest = b64encode(hashlib.sha256(PNG).digest()).decode()
    assert str(request.url) == f"{URL}/images?tags=%5B%22one%22,%20%22two%22%5D"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["User-Agent"].startswith("progimage-client/")
    assert request.headers["Content-Type"].startswith("image/")
    assert request.headers["Content-Length"] == str(len(PNG))
    assert "Transfer-Encoding" not in request.headers
    assert request.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    assert request.headers["Idempotency-Key"] == "mine-1"
    assert request.content == PNG


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        pytest.param(io.StringIO("text"), {}, "seekable file of bytes", id="file of text"),
        pytest.param(7, {}, "but received int", id="no source"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is(source: Any, options: Any, message: str) -> None:
    script = Script(answering(201, IMAGE))
    with pytest.raises(errors.ParameterError, match=message):
        script.client()[0].upload(source, **options)
    assert script.requests == []


def test_a_pipe_is_refused() -> None:
    reading, writing = os.pipe()
    os.close(writing)
    with open(reading, "rb") as pipe, pytest.raises(errors.ParameterError, match="BufferedReader"):  # noqa: PTH123
        Script().client()[0].upload(pipe)


def test_a_missing_file_is_pythons_own_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Script().client()[0].upload(tmp_path / "missing")
