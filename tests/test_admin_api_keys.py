"""The admin of API keys, as its pages answer."""

import re

import pytest
from django.test import Client

from accounts.access.authentication import find_api_key
from accounts.keys.key_text import parse_key
from accounts.models import ApiKey
from tests.conftest import Api
from tests.support.admin_pages import PNG, operator

__all__ = ["operator"]


def test_new_key_is_shown_once_and_works(operator: Client, api: Api) -> None:
    form = {
        "account": api.account.pk,
        "name": "shop",
        "scopes": ["read"],
        "expires_at_0": "",
        "expires_at_1": "",
    }
    page = operator.post("/admin/accounts/apikey/add/", form, follow=True).content.decode()
    shown = re.search(r"pi_[a-z0-9]{12}\.[\w-]{43}", page)
    assert shown is not None
    key = parse_key(shown[0])
    assert key is not None
    found = find_api_key(key)
    assert found is not None
    assert (found.account, found.name, found.scopes) == (api.account, "shop", ["read"])
    again = operator.get("/admin/accounts/apikey/").content.decode()
    assert (key.prefix in again, key.secret in again) == (True, False)
    assert key.secret not in operator.get(f"/admin/accounts/apikey/{found.pk}/change/").content.decode()


def test_revoking_ends_keys(operator: Client, api: Api) -> None:
    (key,) = ApiKey.objects.all()
    operator.post("/admin/accounts/apikey/", {"action": "revoke_keys", "_selected_action": [key.pk]})
    assert api.get("/images/x").status_code == 404
    assert api.upload(PNG).status_code == 401


@pytest.mark.parametrize("path", ["", "accounts/apikey/", "images/image/"])
def test_api_keys_open_no_admin(api: Api, path: str) -> None:
    answer = api.get(f"/admin/{path}")
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/admin/login/")
