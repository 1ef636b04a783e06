"""Attempts to log in: who is delayed by whose failures, and what the log says of them."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.test import RequestFactory

from accounts import services
from accounts.logins.attempts import attempt
from accounts.logins.backoff import address_subject, name_subject
from accounts.logins.hashing import TooManyLogins
from tests.support.problems import lines

__all__ = ["lines"]

HOME, ELSEWHERE, ALSO_ELSEWHERE = "198.51.100.1", "2001:db8:a:b::1", "2001:db8:a:c::1"


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Requests from addresses of this test alone: the counts of others stand in the same cache."""
    salt = uuid4().hex
    monkeypatch.setattr("accounts.logins.backoff.salted_hmac", _salted(salt))
    # So long that it does not end during a test.
    monkeypatch.setattr("accounts.logins.backoff._FIRST_PAUSE_S", 100)

    def request(address: str, **headers: str) -> Any:
        return RequestFactory().post("/admin/login/", REMOTE_ADDR=address, headers=headers)

    return request


def _salted(salt: str) -> Any:
    from django.utils.crypto import salted_hmac

    return lambda key_salt, value, **options: salted_hmac(key_salt + salt, value, **options)


def fail(request: Any, name: str, times: int) -> None:
    for _ in range(times):
        with pytest.raises(ValidationError), attempt(request, name):
            raise ValidationError("wrong")


def is_refused(request: Any, name: str) -> bool:
    try:
        with attempt(request, name):
            return False
    except TooManyLogins as refusal:
        return refusal.reason == "delayed"


FREE = address_subject("").free_failures
FREE_OF_NAME = name_subject("").free_failures


@pytest.mark.django_db
class TestDelays:
    """AUTH-8."""

    def test_an_address_for_every_name(self, at: Any) -> None:
        for number in range(FREE):
            fail(at(HOME), f"name {number}", 1)
        assert not is_refused(at(HOME), "alice")
        assert is_refused(at(HOME), "alice")
        assert not is_refused(at(ELSEWHERE), "alice")

    def test_a_network_of_ipv6_is_one_address(self, at: Any) -> None:
        for number in range(FREE + 1):
            fail(at(f"2001:db8:a:b::{number}"), "alice", 1)
        assert is_refused(at("2001:db8:a:b:ffff::1"), "bob")
        assert not is_refused(at("2001:db8:a:c::1"), "bob")

    def test_a_name_from_everywhere(self, at: Any) -> None:
        for number in range(FREE_OF_NAME + 1):
            fail(at(f"203.0.113.{number}"), "alice", 1)
        assert is_refused(at(ELSEWHERE), "alice")
        assert not is_refused(at(ELSEWHERE), "bob")

    def test_a_name_not_from_where_it_has_logged_in(self, at: Any, django_user_model: Any) -> None:
        """Nobody locks an operator out."""
        user = django_user_model.objects.create_user("alice")
        services.remember_login(user, f"{HOME}/32")
        for number in range(FREE_OF_NAME + 1):
            fail(at(f"203.0.113.{number}"), "alice", 1)
        assert is_refused(at(ELSEWHERE), "alice")
        assert [is_refused(at(HOME), "alice") for _ in range(5)] == [False] * 5

    def test_success_elsewhere_makes_no_guess_free(self, at: Any) -> None:
        """An account of one's own does not end the pauses of one's address."""
        fail(at(HOME), "alice", FREE)
        with attempt(at(HOME), "mallory"):
            pass
        assert is_refused(at(HOME), "alice")


@pytest.mark.django_db
class TestLog:
    def test_every_failure_is_a_line(self, at: Any, lines: list[dict[str, Any]]) -> None:
        fail(at(HOME), "alice", FREE + 1)
        assert is_refused(at(HOME), "alice")
        failures = [line for line in lines if line["message"] == "login failed"]
        assert [line["reason"] for line in failures] == ["refused"] * (FREE + 1) + ["delayed"]
        assert {(line["address"], line["name"], line["level"]) for line in failures} == {
            (HOME, "alice", "warning")
        }

    def test_names_are_cut_and_escaped(self, at: Any, lines: list[dict[str, Any]]) -> None:
        fail(at(ELSEWHERE), "al\x1b[2J\n\u202eice" + "x" * 100, 1)
        (line,) = [line for line in lines if line["message"] == "login failed"]
        assert line["name"].startswith(r"al\x1b[2J\n\u202eicexxx")
        assert len(line["name"]) < 80

    def test_a_proxy_that_is_not_named_is_told(self, at: Any, lines: list[dict[str, Any]]) -> None:
        fail(at(HOME, **{"X-Forwarded-For": "1.1.1.1"}), "alice", 1)
        (line,) = [line for line in lines if line["message"] == "login failed"]
        assert line["is_forwarded_by_stranger"] is True
        assert line["address"] == HOME
