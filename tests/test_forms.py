"""Several files in one form: each has a result of its own. Malformed forms are refused."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from images.models import Image
from images.services import storing
from progimage.errors import Unavailable
from tests.conftest import Api
from tests.support import images as made
from tests.support.corpus import CORPUS
from tests.support.forms import part, send
from transforms.workers.pool import pool

PNG, JPEG = made.encoded("png"), made.encoded("jpeg")
BAD = b"no image at all"


def files(*contents: bytes) -> Sequence[SimpleUploadedFile]:
    return [SimpleUploadedFile(f"{index}.png", content) for index, content in enumerate(contents)]


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Any:
    """No temporary file is left when the test ends."""
    settings.TEMP_DIR = tmp_path
    yield tmp_path
    assert list(tmp_path.glob("progimage-*")) == []


def test_results_are_in_the_order_of_the_parts(api: Api) -> None:
    answer = api.upload_form(file=files(PNG, BAD, JPEG), tags="a,b", visibility="public")
    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [(result["index"], result["filename"], result["status"]) for result in results] == [
        (0, "0.png", 201),
        (1, "1.png", 415),
        (2, "2.png", 201),
    ]
    assert results[1]["error"]["code"] == "unsupported_format"
    images = [result["image"] for result in results if result["status"] == 201]
    assert [(image["format"], image["filename"]) for image in images] == [("png", "0.png"), ("jpeg", "2.png")]
    assert all(image["tags"] == ["a", "b"] and image["visibility"] == "public" for image in images)
    for image, content in zip(images, (PNG, JPEG), strict=True):
        assert api.get(f"/images/{image['id']}").body == content
    assert Image.objects.count() == 2


def test_same_file_twice_is_two_images(api: Api) -> None:
    results = api.upload_form(file=files(PNG, PNG)).json()["results"]
    assert len({result["image"]["id"] for result in results}) == 2


@pytest.mark.parametrize("field", ["filename", "replaces"])
def test_what_is_of_one_image_is_not_said_of_several(api: Api, field: str) -> None:
    answer = api.upload_form(file=files(PNG, PNG), **{field: "x"})
    assert (answer.status_code, answer.json()["pointer"]) == (400, f"/{field}")
    assert not Image.objects.exists()


def test_description_that_is_wrong_for_all_stores_none(api: Api) -> None:
    answer = api.upload_form(file=files(PNG, PNG), visibility="secret")
    assert (answer.status_code, answer.json()["pointer"]) == (400, "/visibility")
    assert not Image.objects.exists()


def test_name_that_is_too_long_is_that_files_own_fault(api: Api) -> None:
    results = send(api, part(PNG, filename="x" * 256), part(PNG)).json()["results"]
    assert [result["status"] for result in results] == [400, 201]
    assert results[0]["error"]["pointer"] == "/filename"


class TestLimits:
    def test_one_more_file_than_may_be(self, api: Api, settings: Any) -> None:
        settings.MAX_UPLOAD_FILES = 3
        assert api.upload_form(file=files(PNG, PNG, PNG)).status_code == 207
        Image.objects.all().delete()
        answer = api.upload_form(file=files(PNG, PNG, PNG, PNG))
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert not Image.objects.exists()

    def test_file_that_is_too_large_alone(self, api: Api, settings: Any, folder: Path) -> None:
        settings.MAX_UPLOAD_BYTES = max(len(PNG), len(JPEG))
        results = api.upload_form(file=files(PNG, b"x" * 300_000, JPEG)).json()["results"]
        assert [result["status"] for result in results] == [201, 413, 201]
        assert results[1]["error"]["code"] == "body_too_large"

    def test_request_that_is_too_large_is_refused_unread(self, api: Api, settings: Any) -> None:
        settings.MAX_REQUEST_BYTES = 1_000_000
        answer = api.upload_form(file=files(PNG, b"x" * 2_200_000))
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert not Image.objects.exists()

    def test_bodies_that_are_no_forms_have_the_limit_of_one_image(self, api: Api, settings: Any) -> None:
        settings.MAX_UPLOAD_BYTES = 1_000
        assert api.upload(b"x" * 1_001).status_code == 413

    def test_renderers_that_are_busy_fail_a_file_and_not_the_others(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Busy:
            calls = 0
            real = pool()

            def validate(self, path: Path, **options: Any) -> Any:
                self.calls += 1
                if self.calls == 1:
                    raise Unavailable("Every renderer is busy", retry_after_s=1)
                return self.real.validate(path, **options)

        busy = Busy()
        monkeypatch.setattr(storing, "pool", lambda: busy)
        results = api.upload_form(file=files(PNG, PNG)).json()["results"]
        assert [result["status"] for result in results] == [503, 201]


FIELD = b'--x\r\nContent-Disposition: form-data; name="tags"\r\n\r\n'


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(part(PNG), 400, id="no end"),
        pytest.param(part(PNG) + part(PNG)[:-200], 400, id="second file without an end"),
        pytest.param(part(PNG) + b"--x--\r\n" + part(PNG) + b"--x--", 400, id="part after the end"),
        pytest.param(part(PNG) + b"--x\r\n\r\n\r\n--x--", 400, id="part without headers"),
        pytest.param(
            part(PNG) + b"--x\r\nContent-Type: image/png\r\n\r\nx\r\n--x--", 400, id="no disposition"
        ),
        pytest.param(
            part(PNG) + part(PNG).replace(b'name="file"; ', b"") + b"--x--", 400, id="file without a field"
        ),
        pytest.param(
            part(PNG) + part(PNG).replace(b"a.png", b"\xe9.png") + b"--x--", 400, id="name that is not UTF-8"
        ),
        pytest.param(
            part(PNG, more="X-A: " + "b" * 2_000_000 + "\r\n") + b"--x--", 400, id="2 MB part header"
        ),
        pytest.param(part(PNG, more="Content-Transfer-Encoding: base64\r\n") + b"--x--", 400, id="base64"),
        pytest.param(part(PNG, name="picture") + b"--x--", 400, id="another name"),
        pytest.param(b"x" * 1_000_000, 400, id="no boundary at all"),
        pytest.param(b"--x--\r\n", 400, id="no parts"),
        pytest.param(FIELD + b"a\xff\r\n" + part(PNG) + b"--x--", 400, id="field that is not UTF-8"),
        pytest.param((FIELD + b"a\r\n") * 101 + part(PNG) + b"--x--", 400, id="101 fields"),
        pytest.param(FIELD + b"a" * 1_000_001 + b"\r\n--x--", 413, id="1 MB of text"),
        pytest.param((FIELD + b"\r\n") * 20_000 + b"--x--", 400, id="F-15: many fields"),
        pytest.param(part(b"") * 20_000 + b"--x--", 413, id="F-15: many files"),
        pytest.param(b"--x\r\n\r\n\r\n" * 100_000 + b"--x--", 400, id="F-15: 100,000 empty parts"),
        pytest.param(
            part(part(PNG) + b"--x--", more="Content-Type: multipart/mixed; boundary=y\r\n"), 400, id="nested"
        ),
    ],
)
def test_forms_that_are_refused(api: Api, body: bytes, status: int) -> None:
    """F-15: nothing of them is stored, and nothing passed over in silence."""
    answer = api.upload(body, media_type="multipart/form-data; boundary=x")
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert not Image.objects.exists()


@pytest.mark.parametrize(
    "boundary", ["", "; boundary=", "; boundary=" + "x" * 1_000_000, "; boundary=\u00e9"],
    ids=["none", "empty", "1 MB", "not ASCII"],
)  # fmt: skip
def test_boundaries_that_are_refused(api: Api, boundary: str) -> None:
    answer = api.upload(part(PNG) + b"--x--", media_type=f"multipart/form-data{boundary}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


def test_empty_form(api: Api) -> None:
    media_type = "multipart/form-data; boundary=x"
    answer = api.request("POST", "/images", CONTENT_TYPE=media_type, CONTENT_LENGTH="0")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


def test_preamble_and_epilogue_mean_nothing(api: Api) -> None:
    answer = api.upload(
        b"hello\r\n" + part(PNG) + b"--x--\r\nbye", media_type='multipart/form-data; boundary="x"'
    )
    assert answer.status_code == 201


@pytest.mark.parametrize("filename", ["..", ".", "a/..", "\u0007", "/", "C:\\\\"])
def test_file_whose_name_is_no_name_is_a_file_all_the_same(api: Api, filename: str) -> None:
    results = send(api, part(PNG, filename=filename), part(JPEG)).json()["results"]
    assert [(result["status"], result["filename"]) for result in results] == [(201, ""), (201, "a.png")]


def _hostile_names() -> list[str]:
    if not CORPUS:
        return []
    lines = (Path(CORPUS) / "_payloads/filenames.jsonl").read_text().splitlines()
    return [json.loads(line)["name"] for line in lines]


class TestHostileNames:
    """WEB-5: a file name is text to show. It is never part of a path in storage."""

    @pytest.mark.skipif(not CORPUS, reason="PROGIMAGE_CORPUS names no corpus")
    @pytest.mark.parametrize("name", _hostile_names())
    def test_by_query_and_by_form(self, api: Api, name: str) -> None:
        escaped = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")  # as browsers do
        for answer in (
            api.upload(PNG, query=f"?filename={quote(name, safe='')}"),
            send(api, part(PNG, filename=escaped)),
            send(api, part(PNG, filename=name)),
        ):
            assert answer.status_code in (201, 400)
        for image in Image.objects.all():
            assert image.storage_name == f"originals/{image.id.hex[-2:]}/{image.id}"
            UUID(image.storage_name.rpartition("/")[2])
