"""The bodies of POST /images: raw ones, forms, and those that are refused."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from images.models import Image
from tests.conftest import Api
from tests.support import images as made

PNG = made.encoded("png")


@pytest.mark.parametrize(
    ("content", "media_type", "status", "code"),
    [
        pytest.param(
            b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", 415, "unsupported_format", id="svg"
        ),
        pytest.param(b"<html></html>", "image/png", 415, "unsupported_format", id="html"),
        pytest.param(b"x", "image/png", 415, "unsupported_format", id="one byte"),
        pytest.param(PNG[:-40], "image/png", 422, "unprocessable_image", id="truncated"),
        pytest.param(PNG, "text/plain", 415, "unsupported_format", id="not an image's media type"),
        pytest.param(PNG, "", 415, "unsupported_format", id="no media type"),
    ],
)
def test_refused_bodies(api: Api, content: bytes, media_type: str, status: int, code: str) -> None:
    answer = api.upload(content, media_type=media_type)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Image.objects.exists()


def test_415_lists_what_is_accepted(api: Api) -> None:
    detail = api.upload(b"nothing that is known").json()["detail"]
    assert all(name in detail.lower() for name in ("jpeg", "png", "webp", "avif", "heic", "tiff", "jp2"))


def test_empty_body(api: Api) -> None:
    answer = api.request("POST", "/images", content_type="image/png", CONTENT_LENGTH="0")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_format")


@pytest.mark.parametrize("query", ["?visibility=public", "?foo=1"])
def test_form_with_a_query_is_refused(api: Api, query: str) -> None:
    """A description beside the form's own could contradict it; nothing is ignored in silence."""
    answer = api.client.post(
        f"/images{query}",
        {"file": SimpleUploadedFile("x.png", PNG)},
        headers={"Authorization": f"Bearer {api.key}"},
    )
    assert answer.status_code == 400
    assert not Image.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="no file"),
        pytest.param({"picture": SimpleUploadedFile("x.png", PNG)}, id="another name"),
    ],
)
def test_refused_forms(api: Api, fields: dict[str, Any]) -> None:
    answer = api.upload_form(**fields)
    assert (answer.status_code, answer.json()["pointer"]) == (400, "/file")


def test_text_instead_of_a_file_is_no_image(api: Api) -> None:
    assert api.upload_form(file="text").status_code == 415


def test_nul_in_a_forms_file_name_is_refused(api: Api) -> None:
    """WEB-5: Postgres would refuse it."""
    form = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a\0b.png"\r\n\r\n'
        + PNG
        + b"\r\n--x--\r\n"
    )
    answer = api.upload(form, media_type="multipart/form-data; boundary=x")
    assert (answer.status_code, answer.json()["pointer"]) == (400, "/file")
