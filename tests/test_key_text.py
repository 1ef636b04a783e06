"""API keys as text: their entropy, and that only a hash of the secret is stored."""

import pytest

from accounts.access.authentication import find_api_key
from accounts.keys import key_text
from accounts.models import ApiKey
from tests.conftest import Api


class TestSecrets:
    def test_only_the_hash_is_kept(self, api: Api) -> None:
        """AUTH-3."""
        prefix, secret = api.key.split(".")
        row = ApiKey.objects.get()
        assert (row.prefix, row.secret_sha256) == (prefix, key_text.hash_secret(secret))
        assert secret not in repr(ApiKey.objects.values_list())

    def test_secret_has_256_bits(self) -> None:
        import base64

        made_keys = [key_text.generate_key() for _ in range(50)]
        assert {len(base64.urlsafe_b64decode(key.secret + "=")) for key in made_keys} == {32}
        assert len({key.secret for key in made_keys}) == len({key.prefix for key in made_keys}) == 50
        assert all(key_text.parse_key(str(key)) == key for key in made_keys)

    def test_unknown_prefix_does_the_same_work(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        """AUTH-4."""
        compared: list[str] = []

        def watched(secret: str) -> str:
            compared.append(secret)
            return "0" * 64

        monkeypatch.setattr("accounts.keys.key_text.hash_secret", watched)
        right, wrong = key_text.parse_key(api.key), key_text.generate_key()
        assert right is not None
        for key in (key_text.KeyText(right.prefix, wrong.secret), wrong):
            assert find_api_key(key) is None
        assert compared == [wrong.secret, wrong.secret]
