"""Secrets that the server reads again are encrypted in the database."""

import time
from typing import Any

import pytest
from django.test import Client

from accounts.keys.encryption import decrypt, encrypt
from accounts.models import ApiKey
from progimage.signing import derive_signing_secret, sign_url
from tests.conftest import Api, read
from tests.support import images as made

HOUR = 3_600


def signed(api: Api, target: str, *, expires_in_s: int = HOUR, method: str = "GET") -> str:
    return sign_url(target, api_key=api.key, expires_at=int(time.time()) + expires_in_s, method=method)


def get(target: str, method: str = "get", **headers: str) -> Any:
    return read(getattr(Client(), method)(target, headers=headers))


@pytest.fixture
def stored(api: Api) -> str:
    return api.stored(made.encoded("png"))


def test_signing_secret_is_not_in_the_database(api: Api) -> None:
    """AUTH-3: encrypted, and readable with a key that was changed as long as it is a fallback."""
    row = ApiKey.objects.get(account=api.account)
    secret = derive_signing_secret(api.key.partition(".")[2])
    assert decrypt(row.signing_secret) == secret
    assert secret.hex() not in row.signing_secret
    assert encrypt(secret) != encrypt(secret)


def test_secret_key_may_change(api: Api, stored: str, settings: Any) -> None:
    before = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 50, [before]
    assert get(signed(api, stored)).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert get(signed(api, stored)).status_code == 403
