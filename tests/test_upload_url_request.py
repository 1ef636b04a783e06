"""The terms of an upload URL that POST /uploads refuses."""

from typing import Any

import pytest

from images.models import UploadUrl
from tests.conftest import Api
from tests.support.upload_urls import open_upload


@pytest.mark.parametrize(
    ("terms", "pointer"),
    [
        ({"max_bytes": 0}, "/max_bytes"),
        ({"max_bytes": 25_000_001}, "/max_bytes"),
        ({"max_bytes": "9"}, "/max_bytes"),
        ({"max_bytes": True}, "/max_bytes"),
        ({"max_bytes": 1.5}, "/max_bytes"),
        ({"max_bytes": None}, "/max_bytes"),
        ({"max_bytes": 10**400}, "/max_bytes"),
        ({"media_types": []}, "/media_types"),
        ({"media_types": "image/png"}, "/media_types"),
        ({"media_types": ["image/svg+xml"]}, "/media_types/0"),
        ({"media_types": [["image/png"]]}, "/media_types/0"),
        ({"expires_in_s": 119}, "/expires_in_s"),
        ({"expires_in_s": 21_601}, "/expires_in_s"),
        ({"expires_in_s": False}, "/expires_in_s"),
        ({"tags": "a"}, "/tags"),
        ({"replaces": None}, "/replaces"),
        ({"url": "http://x"}, "/url"),
    ],
    ids=str,
)
def test_terms_that_are_refused(api: Api, terms: dict[str, Any], pointer: str) -> None:
    answer = open_upload(api, **terms)
    assert (answer.status_code, answer.json()["pointer"]) == (400, pointer)
    assert answer.json()["detail"].startswith("Expected ")
    assert not UploadUrl.objects.exists()
