"""POST /images: uploads that are stored, and uploads that are refused."""

import hashlib
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from images.models import Image
from images.storage import ObjectStorage
from tests.conftest import Api
from tests.support import images as made
from tests.support.remote_servers import Remote, respond
from tests.support.transform_requests import remote, send_form, send_json
from tests.support.upload_urls import open_upload, path_of

__all__ = ["remote"]
PNG = made.encoded("png")


@pytest.mark.usefixtures("storage")
class TestStored:
    def test_raw_body_answers_the_image(self, api: Api) -> None:
        answer = api.upload(PNG, query="?tags=cat,dog&metadata=%7B%22shot%22%3A7%7D&filename=cat.png")
        image = answer.json()
        assert answer.status_code == 201
        assert answer["Location"] == image["urls"]["original"] == f"http://testserver/images/{image['id']}"
        assert uuid.UUID(image["id"]).version == 7
        assert image | {"id": 0, "created_at": 0, "urls": 0} == {
            "id": 0,
            "format": "png",
            "media_type": "image/png",
            "width": made.WIDTH,
            "height": made.HEIGHT,
            "frames": 1,
            "bytes": len(PNG),
            "sha256": hashlib.sha256(PNG).hexdigest(),
            "has_alpha": False,
            "orientation": 1,
            "hdr": False,
            "color_space": {"transfer": None, "primaries": None, "bit_depth": 8, "profile_name": None},
            "visibility": "private",
            "filename": "cat.png",
            "tags": ["cat", "dog"],
            "metadata": {"shot": 7},
            "focal_point": None,
            "replaced_by": None,
            "parent": None,
            "transform": None,
            "created_at": 0,
            "urls": 0,
        }

    def test_form_answers_the_image(self, api: Api) -> None:
        answer = api.upload_form(
            file=SimpleUploadedFile("a/b/holiday.png", PNG, "text/plain"),
            tags=["x", "y"],
            visibility="public",
        )
        assert answer.status_code == 201
        image = answer.json()
        assert (image["filename"], image["tags"], image["visibility"]) == (
            "holiday.png",
            ["x", "y"],
            "public",
        )
        assert image["format"] == "png"

    @pytest.mark.parametrize("name", made.READABLE)
    def test_every_format_is_taken(self, api: Api, name: str) -> None:
        answer = api.upload(made.encoded(name), media_type="image/x-unknown")
        assert (answer.status_code, answer.json()["format"]) == (201, name)

    def test_bytes_in_storage_are_the_upload(self, api: Api, storage: ObjectStorage) -> None:
        image = Image.objects.get(pk=api.stored(PNG).rpartition("/")[2])
        with storage.open_range(image.storage_name) as stored:
            assert stored.read() == PNG
        assert image.storage_name == f"originals/{image.id.hex[-2:]}/{image.id}"


@pytest.mark.parametrize("declared", ["image/png", "image/jpeg", "image/svg+xml", "image/gif; x=y"])
@pytest.mark.parametrize("actual", ["png", "jpeg", "gif"])
def test_format_is_what_the_bytes_are(api: Api, declared: str, actual: str) -> None:
    """WEB-3, IMG-9: a name or a header that says otherwise changes nothing."""
    answer = api.upload(made.encoded(actual), media_type=declared, query="?filename=x.html")
    assert answer.json()["format"] == actual


class TestLimits:
    def test_declared_length_is_refused_unread(self, api: Api, settings: Any) -> None:
        settings.MAX_UPLOAD_BYTES = 1_000
        answer = api.upload(b"x" * 1_001)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")

    def test_file_in_a_form_is_counted(self, api: Api, settings: Any) -> None:
        settings.MAX_UPLOAD_BYTES = len(PNG) - 1
        answer = api.upload_form(file=SimpleUploadedFile("x.png", PNG))
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")

    def test_body_of_the_largest_size_is_taken(self, api: Api, settings: Any) -> None:
        settings.MAX_UPLOAD_BYTES = len(PNG)
        assert api.upload(PNG).status_code == 201

    @pytest.mark.parametrize(
        "length", ["", "-1", "1e3", "9" * 5_000], ids=["none", "-1", "1e3", "5,000 digits"]
    )
    def test_without_a_length_that_is_one(self, api: Api, length: str) -> None:
        answer = api.client.generic(
            "POST",
            "/images",
            PNG,
            "image/png",
            CONTENT_LENGTH=length,
            headers={"Authorization": f"Bearer {api.key}"},
        )
        assert (answer.status_code, answer.json()["code"]) == (411, "length_required")

    def test_compressed_body(self, api: Api) -> None:
        """IMG-8: nothing is inflated."""
        answer = api.request(
            "POST", "/images", data=PNG, content_type="image/png", headers={"Content-Encoding": "gzip"}
        )
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_format")


def _send_nothing(api: Api, path: str, method: str = "POST") -> Any:
    return api.request(method, path, CONTENT_TYPE="image/png", CONTENT_LENGTH="0")


EMPTY: dict[str, Callable[[Api, Remote], Any]] = {
    "raw": lambda api, _: _send_nothing(api, "/images"),
    "form": lambda api, _: send_form(api, "/images", {"file": b""}),
    "URL": lambda api, remote: send_json(api, "/images", {"url": remote.url("/empty.png")}),
    "one-time URL": lambda api, _: _send_nothing(
        Api(api.account, ""), path_of(open_upload(api).json()["url"]), "PUT"
    ),
    "transform of raw bytes": lambda api, _: _send_nothing(api, "/transforms?w=9"),
    "transform of a form": lambda api, _: send_form(api, "/transforms", {"file": b""}, transform="grayscale"),
    "transform of a URL": lambda api, remote: send_json(
        api, "/transforms", {"url": remote.url("/empty.png"), "transform": "grayscale"}
    ),
}


@pytest.mark.parametrize("door", EMPTY)
def test_an_empty_file_says_so(api: Api, remote: Remote, door: str) -> None:
    remote.answers["/empty.png"] = respond(b"")
    answer = EMPTY[door](api, remote)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_format")
    assert answer.json()["detail"].endswith("but received an empty file of 0 bytes")
