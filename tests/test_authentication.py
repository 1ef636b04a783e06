"""API keys in the Authorization header: which are valid, and when they end."""

import pytest
from django.utils import timezone

from accounts import services
from accounts.models import Account, ApiKey
from tests.conftest import Api
from tests.support import images as made

PNG = made.encoded("png")
MISSING = "/images/01890000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Basic dTpw", "Bearer x", "Bearer pi_aaaaaaaaaaaa." + "A" * 43, "bearer \u00e9", "Token y.z"],
)  # fmt: skip
def test_wrong_headers(api: Api, header: str) -> None:
    answer = api.get(MISSING, Authorization=header)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_scheme_is_case_insensitive(api: Api) -> None:
    assert api.get(MISSING, Authorization=f"bearer {api.key}").status_code == 404


def test_no_key(anonymous: Api) -> None:
    answer = anonymous.upload(PNG)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_key_in_the_query_is_no_key(api: Api, anonymous: Api) -> None:
    """AUTH-5."""
    assert anonymous.get(f"{api.stored(PNG)}?api_key={api.key}").status_code in (400, 401)


def test_secret_of_another_key(api: Api, other_api: Api) -> None:
    mixed = api.key.split(".")[0] + "." + other_api.key.split(".")[1]
    assert api.get(MISSING, Authorization=f"Bearer {mixed}").status_code == 401


@pytest.mark.parametrize("ended", ["revoked", "expired", "inactive"])
def test_ended_keys(api: Api, ended: str) -> None:
    """AUTH-6: at once."""
    assert api.get(MISSING).status_code == 404
    if ended == "revoked":
        services.revoke(ApiKey.objects.get())
    elif ended == "expired":
        ApiKey.objects.update(expires_at=timezone.now())
    else:
        Account.objects.update(is_active=False)
    assert api.get(MISSING).status_code == 401
