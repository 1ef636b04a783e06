"""Signed URLs, and requests to them by strangers."""

import time
from typing import Any

from django.test import Client

from progimage.signing import sign_url
from tests.conftest import Api, read

HOUR = 3_600


def signed(api: Api, target: str, *, expires_in_s: int = HOUR, method: str = "GET") -> str:
    return sign_url(target, api_key=api.key, expires_at=int(time.time()) + expires_in_s, method=method)


def get(target: str, method: str = "get", **headers: str) -> Any:
    return read(getattr(Client(), method)(target, headers=headers))
