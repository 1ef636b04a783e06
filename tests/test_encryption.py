"""Secrets that the server reads again are encrypted in the database."""

from typing import Any

import pytest

from accounts.keys.encryption import decrypt, encrypt
from accounts.models import ApiKey
from progimage.signing import derive_signing_secret
from tests.conftest import Api
from tests.support import images as made
from tests.support.signed import get, signed


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
