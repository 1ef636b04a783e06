"""The sender of a request: its account, and the scopes of its key."""

import pytest
from django.test import RequestFactory
from rest_framework.request import Request

from accounts.access.caller import Caller, caller_of
from accounts.models import ApiKey, Scope
from progimage.errors import NotAuthenticated, PermissionDenied
from tests.conftest import Api

NOBODY = Caller(None)


@pytest.fixture
def reader(api: Api) -> Caller:
    """A caller whose key has the scope `read` alone."""
    ApiKey.objects.update(scopes=["read"])
    return Caller(api.account.api_keys.get())


def test_account_is_that_of_the_key(api: Api, reader: Caller) -> None:
    assert reader.account == api.account


def test_without_a_key_there_is_no_account() -> None:
    for name in ("api_key", "account"):
        with pytest.raises(NotAuthenticated):
            getattr(NOBODY, name)


def test_scopes(reader: Caller) -> None:
    reader.check_scope(Scope.READ)
    with pytest.raises(PermissionDenied, match="write"):
        reader.check_scope(Scope.WRITE)
    with pytest.raises(NotAuthenticated):
        NOBODY.check_scope(Scope.READ)


def test_refusal_is_the_error_of_the_check(reader: Caller) -> None:
    assert reader.find_refusal(Scope.READ) is None
    assert isinstance(reader.find_refusal(Scope.WRITE), PermissionDenied)
    assert isinstance(NOBODY.find_refusal(Scope.READ), NotAuthenticated)


def test_of_a_request(reader: Caller) -> None:
    request = Request(RequestFactory().get("/images"))
    request.auth = None
    assert caller_of(request) == NOBODY
    request.auth = reader.key
    assert caller_of(request) == reader
