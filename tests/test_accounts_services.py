"""The services of accounts: keys side by side, their scopes, and when a key was last used."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts import services
from accounts.models import ApiKey
from tests.conftest import Api, make_api
from tests.support import images as made

PNG = made.encoded("png")
MISSING = "/images/01890000-0000-7000-8000-000000000000"


def test_last_used_is_kept_to_the_minute(api: Api) -> None:
    api.get(MISSING)
    first = ApiKey.objects.get().last_used_at
    assert first is not None
    api.get(MISSING)
    assert ApiKey.objects.get().last_used_at == first
    ApiKey.objects.update(last_used_at=first - timedelta(minutes=2))
    api.get(MISSING)
    assert (ApiKey.objects.get().last_used_at or first) > first - timedelta(minutes=1)


@pytest.mark.parametrize("scopes", [[], ["everything"]])
def test_unknown_scopes(api: Api, scopes: list[str]) -> None:
    with pytest.raises(ValidationError):
        services.create_api_key(api.account, name="x", scopes=scopes)


def test_two_keys_of_an_account_work_side_by_side(db: None) -> None:
    """AUTH-6: rotation."""
    api = make_api("alice")
    second: Any = services.create_api_key(api.account, name="next")[1]
    path = api.stored(PNG)
    assert Api(api.account, str(second)).get(path).status_code == 200
