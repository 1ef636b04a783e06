"""The client against the real application. Its requests are tested against a server that follows a script."""

import io
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from progimage import Client, Image, Output, Transform, errors
from progimage.operations import Resize
from tests.support import images as made
from tests.support.clients import IMAGE, KEY, PNG, URL, Script, answering, application, client, sample

__all__ = ["client", "sample"]


class TestUpload:
    @pytest.mark.parametrize(
        ("open_source", "filename"),
        [
            pytest.param(lambda path: path, "a b+ü.png", id="path"),
            pytest.param(str, "a b+ü.png", id="path as text"),
            pytest.param(lambda path: path.read_bytes(), "", id="bytes"),
            pytest.param(lambda path: path.open("rb"), "a b+ü.png", id="open file"),
            pytest.param(lambda path: io.BytesIO(path.read_bytes()), "", id="file in memory"),
        ],
    )
    def test_sources(self, client: Client, tmp_path: Path, open_source: Any, filename: str) -> None:
        path = tmp_path / "a b+ü.png"
        path.write_bytes(PNG)
        with ExitStack() as opened:
            source = open_source(path)
            if hasattr(source, "close"):
                opened.enter_context(source)
            image = client.upload(source)
            assert (client.download(image.id), image.filename) == (PNG, filename)
            assert not getattr(source, "closed", False), "the file is its owner's to close"

    def test_a_description_too_long_for_a_query_is_kept(self, client: Client) -> None:
        metadata = {"text": "ü" * 7_000, "quote": '"\r\n--'}
        image = client.upload(PNG, metadata=metadata, tags=["a", "b"], filename="x.png", visibility="public")
        assert (image.metadata, image.tags, image.filename) == (metadata, ("a", "b"), "x.png")
        assert (image.visibility, client.download(image.id)) == ("public", PNG)
        script = Script(answering(201, IMAGE))
        script.client()[0].upload(PNG, metadata=metadata)
        (request,) = script.requests
        assert str(request.url) == f"{URL}/images"
        assert request.headers["Content-Length"] == str(len(request.content))

    def test_replaces(self, client: Client, sample: Image) -> None:
        successor = client.upload(made.encoded("webp"), replaces=sample.id)
        assert client.get(sample.id).replaced_by == successor.id


class TestDownload:
    def test_formats_and_short_parameters(self, client: Client, sample: Image) -> None:
        thumbnail = client.download(sample.id, format="webp", w=60, h=60, fit="cover", q=70)
        assert made.pixels(thumbnail).shape == (60, 60, 3)
        assert thumbnail[8:12] == b"WEBP"

    def test_spellings_of_a_transform_are_one(self, client: Client, sample: Image) -> None:
        transform = Transform((Resize(width=30),), Output(format="jpeg", quality=40))
        results = {
            client.download(sample.id, transform=transform),
            client.download(sample.id, format="jpeg", transform="resize:30", q=40),
            client.download(str(sample.id), format="jpeg", w=30, quality=40),
        }
        assert len(results) == 1


class TestRequests:
    """Requests other than uploads, held to the documentation of the API."""


class TestRepository:
    def test_errors_of_the_real_server(self, client: Client) -> None:
        with pytest.raises(errors.NotFound) as raised:
            client.get(uuid4())
        assert raised.value.request_id
        assert raised.value.request_id in str(raised.value)
        with pytest.raises(errors.UnsupportedFormat, match="png"):
            client.upload(b"nothing")
        stranger = Client(URL, api_key=KEY, transport=application())
        with pytest.raises(errors.NotAuthenticated):
            stranger.get(uuid4())
