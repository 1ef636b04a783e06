"""One-time upload URLs."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from tests.conftest import Api
from tests.support import images as made

PNG, JPEG = made.encoded("png"), made.encoded("jpeg")


def open_upload(api: Api, **terms: Any) -> Any:
    content = json.dumps(terms).encode()
    return api.request("POST", "/uploads", data=content, content_type="application/json")


def path_of(url: str) -> str:
    return urlsplit(url)._replace(scheme="", netloc="").geturl()


def put(
    path: str,
    content: bytes = PNG,
    media_type: str = "image/png",
    *,
    headers: dict[str, str] | None = None,
) -> Any:
    return Client(raise_request_exception=False).put(path, content, content_type=media_type, headers=headers)


@pytest.fixture
def path(api: Api) -> str:
    return path_of(open_upload(api, tags=["a"], metadata={"b": 1}, filename="c.png").json()["url"])
