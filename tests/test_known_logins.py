"""The addresses from which an operator has logged in."""

from typing import Any

import pytest

from accounts import services
from accounts.models import KnownLogin
from accounts.services import has_logged_in_from, remember_login

HOME = "198.51.100.1/32"


@pytest.fixture
def alice(db: None, django_user_model: Any) -> Any:
    return django_user_model.objects.create_user("alice")


def test_belong_to_one_operator(alice: Any, django_user_model: Any) -> None:
    django_user_model.objects.create_user("bob")
    remember_login(alice, HOME)
    remember_login(alice, HOME)
    assert KnownLogin.objects.count() == 1
    assert has_logged_in_from("alice", HOME)
    assert not has_logged_in_from("alice", "198.51.100.2/32")
    assert not has_logged_in_from("bob", HOME)
    assert not has_logged_in_from("nobody", HOME)


def test_stay_when_the_secret_key_changes(alice: Any, settings: Any) -> None:
    remember_login(alice, HOME)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" * 8
    assert has_logged_in_from("alice", HOME)
    settings.SECRET_KEY_FALLBACKS = []
    assert not has_logged_in_from("alice", HOME)


def test_oldest_are_forgotten(alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_MAX_KNOWN_LOGINS", 2)
    networks = [f"198.51.100.{number}/32" for number in range(3)]
    for network in networks:
        remember_login(alice, network)
    assert [has_logged_in_from("alice", network) for network in networks] == [False, True, True]
