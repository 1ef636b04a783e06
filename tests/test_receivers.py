"""Responses that become files: whole or not at all."""

import hashlib
import os
import stat
from base64 import b64encode
from pathlib import Path
from typing import Any

import httpx
import pytest

from progimage import Client, Image, ProgImageError
from progimage.errors import ConnectionFailed
from tests.support.clients import (
    IMAGE,
    KEY,
    PNG,
    Script,
    answering,
    client,
    sample,
)
from tests.support.remote_servers import respond, serve

__all__ = ["client", "sample"]
ID = IMAGE["id"]


def test_to_a_file(client: Client, sample: Image, tmp_path: Path) -> None:
    target = tmp_path / "thumbnail.png"
    target.write_bytes(b"an older one")
    with target.open("rb") as older:
        assert client.download(sample.id, to=str(target), format="png", w=30) == target
        assert older.read() == b"an older one", "who reads it meanwhile reads it whole"
    assert target.read_bytes() == client.download(sample.id, format="png", w=30)
    umask = os.umask(0o22)
    os.umask(umask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o644 if umask == 0o22 else 0o666 & ~umask
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(answering(404), id="error"),
        pytest.param(httpx.ReadError("reset"), id="connection lost"),
        pytest.param(answering(200, b"part", Repr_Digest="sha-256=:AAAA:"), id="damaged"),
    ],
)
def test_a_file_appears_whole_or_not_at_all(tmp_path: Path, failure: Any) -> None:
    target = tmp_path / "original"
    target.write_bytes(b"an older one")
    with pytest.raises(ProgImageError):
        Script(failure).client()[0].download(ID, to=target)
    assert (list(tmp_path.iterdir()), target.read_bytes()) == ([target], b"an older one")


def test_damage_is_noticed_and_asked_for_again() -> None:
    digest = b64encode(hashlib.sha256(PNG).digest()).decode()
    header = f"sha-512=:AAAA:, sha-256=:{digest}:"
    script = Script(answering(200, PNG[:-1], Repr_Digest=header), answering(200, PNG, Repr_Digest=header))
    client, waited = script.client()
    assert client.download(ID) == PNG
    assert len(waited) == 1


def test_a_folder_that_is_missing_is_pythons_own_error(tmp_path: Path) -> None:
    script = Script(answering(200, PNG))
    with pytest.raises(FileNotFoundError):
        script.client()[0].download(ID, to=tmp_path / "missing" / "x.png")
    assert script.requests == []


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(
            respond(PNG, "Content-Type: image/png", length=len(PNG) + 1), id="shorter than its length"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            id="chunks without an end",
        ),
        pytest.param(
            respond(PNG, "Content-Type: image/png", "Content-Encoding: gzip"), id="gzip that is none"
        ),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="no HTTP"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_response_that_is_cut_off_is_a_failed_connection(tmp_path: Path, response: bytes) -> None:
    with serve() as server:
        server.answers[f"/images/{ID}"] = response
        with Client(f"http://127.0.0.1:{server.port}", api_key=KEY, max_retries=0) as client:
            for to in (None, tmp_path / "x"):
                with pytest.raises(ConnectionFailed):
                    client.download(ID, to=to)
    assert list(tmp_path.iterdir()) == []
