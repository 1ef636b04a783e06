"""The admin of accounts, as its pages answer."""

from django.test import Client

from accounts.models import Account
from tests.conftest import Api
from tests.support.admin_pages import PNG, operator

__all__ = ["operator"]


def test_account_is_deactivated_and_never_deleted(operator: Client, api: Api) -> None:
    page = f"/admin/accounts/account/{api.account.pk}"
    path = api.stored(PNG)
    assert operator.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
    assert Account.objects.filter(pk=api.account.pk).exists()
    operator.post(f"{page}/change/", {"name": api.account.name})
    assert not Account.objects.get(pk=api.account.pk).is_active
    assert api.get(path).status_code == 401


def test_accounts_are_searched_by_name(operator: Client, api: Api, other_api: Api) -> None:
    page = operator.get("/admin/accounts/account/?q=ali").content.decode()
    assert (api.account.name in page, other_api.account.name in page) == (True, False)
