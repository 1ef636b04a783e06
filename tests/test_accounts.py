"""Accounts and API keys: what is kept of a secret, who is let in, what a key may do."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import services
from accounts.access.authentication import find_api_key
from accounts.keys import key_text
from accounts.models import Account, ApiKey, Scope
from tests.conftest import Api, make_api
from tests.support import images as made

PNG = made.encoded("png")
MISSING = "/images/01890000-0000-7000-8000-000000000000"


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


class TestAuthentication:
    @pytest.mark.parametrize(
        "header",
        ["Bearer", "Bearer ", "Basic dTpw", "Bearer x", "Bearer pi_aaaaaaaaaaaa." + "A" * 43, "bearer \u00e9", "Token y.z"],
    )  # fmt: skip
    def test_wrong_headers(self, api: Api, header: str) -> None:
        answer = api.get(MISSING, Authorization=header)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
        assert answer["WWW-Authenticate"].startswith("Bearer")

    def test_scheme_is_case_insensitive(self, api: Api) -> None:
        assert api.get(MISSING, Authorization=f"bearer {api.key}").status_code == 404

    def test_no_key(self, anonymous: Api) -> None:
        answer = anonymous.upload(PNG)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")

    def test_key_in_the_query_is_no_key(self, api: Api, anonymous: Api) -> None:
        """AUTH-5."""
        assert anonymous.get(f"{api.stored(PNG)}?api_key={api.key}").status_code in (400, 401)

    def test_secret_of_another_key(self, api: Api, other_api: Api) -> None:
        mixed = api.key.split(".")[0] + "." + other_api.key.split(".")[1]
        assert api.get(MISSING, Authorization=f"Bearer {mixed}").status_code == 401

    @pytest.mark.parametrize("ended", ["revoked", "expired", "inactive"])
    def test_ended_keys(self, api: Api, ended: str) -> None:
        """AUTH-6: at once."""
        assert api.get(MISSING).status_code == 404
        if ended == "revoked":
            services.revoke(ApiKey.objects.get())
        elif ended == "expired":
            ApiKey.objects.update(expires_at=timezone.now())
        else:
            Account.objects.update(is_active=False)
        assert api.get(MISSING).status_code == 401

    def test_last_used_is_kept_to_the_minute(self, api: Api) -> None:
        api.get(MISSING)
        first = ApiKey.objects.get().last_used_at
        assert first is not None
        api.get(MISSING)
        assert ApiKey.objects.get().last_used_at == first
        ApiKey.objects.update(last_used_at=first - timedelta(minutes=2))
        api.get(MISSING)
        assert (ApiKey.objects.get().last_used_at or first) > first - timedelta(minutes=1)


class TestScopes:
    @pytest.mark.parametrize(
        ("scopes", "read", "write"),
        [(["read"], 200, 403), (["write"], 403, 201), (["read", "write"], 200, 201), (["admin"], 403, 403)],
    )
    def test_reading_and_writing(self, api: Api, scopes: list[str], read: int, write: int) -> None:
        path = api.stored(PNG)
        limited = Api(
            api.account, str(services.create_api_key(api.account, name="limited", scopes=scopes)[1])
        )
        answers = [limited.get(path + suffix) for suffix in ("", ".png", ".json")]
        assert {answer.status_code for answer in answers} == {read}
        refused = limited.upload(PNG)
        assert refused.status_code == write
        if write == 403:
            assert refused.json()["code"] == "permission_denied"

    @pytest.mark.parametrize("scopes", [[], ["everything"]])
    def test_unknown_scopes(self, api: Api, scopes: list[str]) -> None:
        with pytest.raises(ValidationError):
            services.create_api_key(api.account, name="x", scopes=scopes)


class TestCommands:
    def test_account_and_key(self, db: None, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("create_account", "carol")
        capsys.readouterr()
        call_command("create_api_key", "carol", "--name", "shop", "--scope", "read", "--days", "3")
        text = capsys.readouterr().out.strip()
        parsed = key_text.parse_key(text)
        assert parsed is not None
        found = find_api_key(parsed)
        assert found is not None
        assert found.expires_at is not None
        assert (found.account.name, found.name, found.scopes) == ("carol", "shop", [Scope.READ])
        assert timedelta(days=2) < found.expires_at - timezone.now() < timedelta(days=3)

    @pytest.mark.parametrize(
        ("command", "sentence"),
        [
            (["create_account", "carol"], "already exists"),
            (["create_account", ""], "cannot be blank"),
            (["create_account", "x" * 101], "at most 100 characters"),
            (["create_api_key", "nobody"], "manage.py create_account 'nobody'"),
            (["create_api_key", "carol", "--days", "0"], "Expected 1 to 36500 for --days"),
            (["create_api_key", "carol", "--days", "99999999999"], "Expected 1 to 36500 for --days"),
            (["create_api_key", "carol", "--name", ""], "cannot be blank"),
        ],
    )
    def test_refusals(self, db: None, command: list[str], sentence: str) -> None:
        call_command("create_account", "carol")
        with pytest.raises(CommandError, match=sentence):
            call_command(*command)


def test_two_keys_of_an_account_work_side_by_side(db: None) -> None:
    """AUTH-6: rotation."""
    api = make_api("alice")
    second: Any = services.create_api_key(api.account, name="next")[1]
    path = api.stored(PNG)
    assert Api(api.account, str(second)).get(path).status_code == 200
