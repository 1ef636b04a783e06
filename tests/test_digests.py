"""Digests of bodies: a body whose digest differs is refused."""

import hashlib
from base64 import b64encode

import pytest

from images.models import Image
from tests.conftest import Api
from tests.support.upload_urls import JPEG, PNG, path, put

__all__ = ["path"]


def digest(content: bytes, algorithm: str = "sha256") -> str:
    return f":{b64encode(hashlib.new(algorithm, content).digest()).decode()}:"


@pytest.mark.parametrize("header", ["Content-Digest", "Repr-Digest"])
class TestDigests:
    """SIG-5: RFC 9530."""

    @pytest.mark.parametrize(
        ("value", "status"),
        [
            (f"sha-256={digest(PNG)}", 201),
            (f"sha-512=:AAAA:, sha-256={digest(PNG)}", 201),
            (f"sha-512={digest(JPEG, 'sha512')}", 201),
            (f"md5=:AAAA:,sha-256={digest(PNG)};a=1", 201),
            (f"sha-256={digest(JPEG)}", 400),
            (f"sha-512={digest(PNG, 'sha512')}, sha-256={digest(JPEG)}", 400),
            ("sha-256=:AAAA:", 400),
            (f"sha-256={digest(PNG)[1:-1]}", 400),
            (f"sha-256={hashlib.sha256(PNG).hexdigest()}", 400),
            ("nonsense", 400),
            (f"sha-256={digest(PNG)},", 400),
        ],
        ids=str,
    )
    def test_of_a_raw_body(self, api: Api, header: str, value: str, status: int) -> None:
        answer = api.request("POST", "/images", data=PNG, content_type="image/png", headers={header: value})
        assert answer.status_code == status
        if status == 400:
            assert answer.json()["pointer"] == f"/{header}"
            assert not Image.objects.exists()

    def test_of_a_put(self, path: str, header: str) -> None:
        assert put(path, headers={header: f"sha-256={digest(JPEG)}"}).status_code == 400
        assert put(path, headers={header: f"sha-256={digest(PNG)}"}).status_code == 201
