"""Passwords are hashed by few threads at once, and none of them holds a database connection meanwhile."""

from collections.abc import Iterator
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password, make_password
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client

from accounts.logins import hashing
from accounts.logins.hashing import BoundedHasher, TooManyLogins, prepared_hash, slot

PASSWORD = "correct horse battery staple"


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether a connection was held, for each hash. Hashes are cheap meanwhile."""
    held: list[bool] = []
    encode = PBKDF2PasswordHasher.encode

    def watched(self: Any, password: str, salt: str, iterations: int | None = None) -> str:
        held.append(connection.connection is not None)
        return str(encode(self, password, salt, iterations))

    monkeypatch.setattr(BoundedHasher, "iterations", 1_000)
    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", watched)
    return held


@pytest.mark.django_db(transaction=True)
class TestConnection:
    """AUTH-7: the pool stays free for other requests."""

    @pytest.mark.parametrize(
        ("name", "password", "is_right"),
        [
            ("operator", PASSWORD, True),
            ("operator", "wrong", False),
            ("nobody", PASSWORD, False),
            ("locked", PASSWORD, False),
        ],
    )
    def test_is_not_held(self, hashed: list[bool], name: str, password: str, is_right: bool) -> None:
        User.objects.create_superuser("operator", password=PASSWORD)
        User.objects.create_superuser("locked")
        hashed.clear()
        assert (authenticate(username=name, password=password) is not None) == is_right
        assert hashed == [False]

    def test_is_not_held_while_a_hash_is_renewed(
        self, hashed: list[bool], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        user = User.objects.create_superuser("operator", password=PASSWORD)
        hashed.clear()
        monkeypatch.setattr(BoundedHasher, "iterations", 2_000)
        assert authenticate(username="operator", password=PASSWORD)
        user.refresh_from_db()
        assert user.password.startswith("pbkdf2_sha256$2000$")
        assert hashed == [False, False]

    @pytest.mark.parametrize("page", ["password_change", "auth/user/add", "auth/user/{pk}/password"])
    def test_is_not_held_by_pages_that_set_a_password(
        self, hashed: list[bool], client: Client, page: str
    ) -> None:
        user = User.objects.create_superuser("operator", password=PASSWORD)
        client.force_login(user)
        hashed.clear()
        new = {"password1": "another horse", "password2": "another horse", "usable_password": "true"}
        form = new | {"username": "clerk", "old_password": PASSWORD}
        form |= {"new_password1": "another horse", "new_password2": "another horse", "set-password": "yes"}
        answer = client.post(f"/admin/{page.format(pk=user.pk)}/", form)
        assert answer.status_code == 302, answer.content.decode()
        assert hashed
        assert not any(hashed)
        name = "clerk" if "add" in page else "operator"
        assert authenticate(username=name, password="another horse")


def test_a_hash_inside_a_transaction_keeps_it(db: None, hashed: list[bool]) -> None:
    with transaction.atomic():
        User.objects.create_user("a")
        make_password(PASSWORD)
        assert User.objects.count() == 1


def test_hashes_are_djangos() -> None:
    assert BoundedHasher.algorithm == PBKDF2PasswordHasher.algorithm
    made = PBKDF2PasswordHasher().encode(PASSWORD, "salt" * 6, 1_000)
    assert check_password(PASSWORD, made)
    assert not check_password("wrong", made)


def test_prepared_hash_serves_its_password_alone(hashed: list[bool]) -> None:
    with prepared_hash(PASSWORD):
        first = make_password(PASSWORD)
        assert make_password(PASSWORD) == first
        assert not check_password(PASSWORD, make_password("another"))
        assert check_password(PASSWORD, first)
    assert make_password(PASSWORD) != first


@pytest.fixture
def full() -> Iterator[None]:
    """All slots are held, by other threads."""
    may_end = Event()
    begun = Barrier(hashing.MAX_AT_ONCE + 1)

    def hold() -> None:
        with slot():
            begun.wait(5)
            may_end.wait(10)

    threads = [Thread(target=hold) for _ in range(hashing.MAX_AT_ONCE)]
    for thread in threads:
        thread.start()
    begun.wait(5)
    yield
    may_end.set()
    for thread in threads:
        thread.join()


def test_no_place_is_refused_at_once(full: None, hashed: list[bool]) -> None:
    with pytest.raises(TooManyLogins) as refused:
        make_password(PASSWORD)
    assert (refused.value.reason, refused.value.retry_after_s, hashed) == ("busy", 2, [])


def test_a_place_is_free_again_after_a_failure(hashed: list[bool]) -> None:
    def fail() -> None:
        with slot(), slot():
            make_password(PASSWORD)
            raise RuntimeError

    for _ in range(hashing.MAX_AT_ONCE + 1):
        with pytest.raises(RuntimeError):
            fail()
    assert len(hashed) == hashing.MAX_AT_ONCE + 1


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["password_change/", "auth/user/add/"])
def test_pages_without_a_place_say_so(full: None, client: Client, page: str) -> None:
    client.force_login(User.objects.create_superuser("operator"))
    form = {"old_password": PASSWORD, "new_password1": "another horse", "new_password2": "another horse"}
    form |= {"username": "clerk", "password1": "another horse", "password2": "another horse"}
    answer = client.post(f"/admin/{page}", form)
    assert (answer.status_code, answer["Retry-After"]) == (429, "2")
    assert "Too many people log in at this moment." in answer.content.decode()
    assert not User.objects.filter(username="clerk").exists()
