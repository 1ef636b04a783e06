"""The login page, as an operator and as an attacker meet it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from accounts.logins.hashing import MAX_AT_ONCE, BoundedHasher
from accounts.models import KnownLogin
from tests.support.granian_server import serving

PASSWORD = "correct horse battery staple"
PAGE = "/admin/login/"


@pytest.fixture
def name(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an operator that no other test has, whose password costs little to hash.

    The first pause is so long that it does not end during a test."""
    monkeypatch.setattr(BoundedHasher, "iterations", 1_000)
    monkeypatch.setattr("accounts.logins.backoff._FIRST_PAUSE_S", 100)
    return uuid4().hex


@pytest.fixture
def operator(db: None, name: str) -> User:
    return User.objects.create_superuser(name, password=PASSWORD)


@pytest.fixture
def address() -> str:
    """An address that no other test has: the counts stand in a cache."""
    return f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1"


def log_in(name: str, password: str, address: str) -> Any:
    client = Client(raise_request_exception=False)
    return client.post(PAGE, {"username": name, "password": password}, REMOTE_ADDR=address)


def test_right_password(operator: User, name: str, address: str) -> None:
    answer = log_in(name, PASSWORD, address)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    known = KnownLogin.objects.get()
    assert known.user == operator
    assert address not in known.address_hmac


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        pytest.param("http://testserver", 302, id="public url"),
        pytest.param("http://evil.example.com", 403, id="another site"),
    ],
)
def test_proxy_that_passes_another_host(
    operator: User, name: str, address: str, settings: Any, origin: str, status: int
) -> None:
    """The public URL may have a port that the Host lacks, or the Host be that of the server behind the proxy."""
    client = Client(enforce_csrf_checks=True, REMOTE_ADDR=address)
    client.get(PAGE)
    form = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": client.cookies["csrftoken"].value}
    assert settings.PUBLIC_URL == "http://testserver"
    settings.ALLOWED_HOSTS = ["inside.example.com"]
    answer = client.post(PAGE, form, headers={"Origin": origin, "Host": "inside.example.com"})
    assert answer.status_code == status


def test_60_wrong_passwords_and_then_the_right_one(operator: User, name: str, address: str) -> None:
    """AUTH-8."""
    wrong = [log_in(name, f"wrong {number}", address) for number in range(60)]
    assert [answer.status_code for answer in wrong] == [200] * 6 + [429] * 54
    refused = log_in(name, PASSWORD, address)
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 100
    page = refused.content.decode()
    assert "Too many wrong passwords. Please try again in " in page
    assert '<form action="/admin/login/" method="post" id="login-form">' in page
    assert name in page
    assert PASSWORD not in page
    assert "sessionid" not in refused.cookies


@pytest.mark.parametrize("kind", ["unknown name", "no staff", "inactive", "no password"])
def test_every_kind_of_failure_counts(db: None, name: str, address: str, kind: str) -> None:
    if kind != "unknown name":
        password = None if kind == "no password" else PASSWORD
        User.objects.create_user(
            name, password=password, is_staff=kind != "no staff", is_active=kind != "inactive"
        )
    statuses = [log_in(name, PASSWORD, address).status_code for _ in range(8)]
    assert statuses == [200] * 6 + [429] * 2


def test_an_empty_form_is_no_failure(db: None, name: str, address: str) -> None:
    for form in ({}, {"username": name}, {"password": PASSWORD}):
        answers = [Client().post(PAGE, form, REMOTE_ADDR=address).status_code for _ in range(4)]
        assert answers == [200] * 4


def test_a_wrong_old_password_is_a_failed_login(operator: User, address: str) -> None:
    client = Client()
    client.force_login(operator)
    new = {"new_password1": "another horse", "new_password2": "another horse"}
    answers = [
        client.post("/admin/password_change/", {"old_password": "wrong"} | new, REMOTE_ADDR=address)
        for _ in range(8)
    ]
    assert [answer.status_code for answer in answers] == [200] * 6 + [429] * 2
    assert "Too many wrong passwords" in answers[-1].content.decode()
    assert int(answers[-1]["Retry-After"]) >= 1
    assert User.objects.get(pk=operator.pk).check_password(PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_64_logins_at_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """AUTH-7: two are checked, the others are told to come again, and nobody waits."""
    User.objects.create_superuser(name, password=PASSWORD)
    running: list[int] = []
    most: list[int] = []
    encode = PBKDF2PasswordHasher.encode

    def slow(self: Any, password: str, salt: str, iterations: int | None = None) -> str:
        import time

        running.append(1)
        most.append(len(running))
        assert connection.connection is None
        time.sleep(0.1)
        running.pop()
        return str(encode(self, password, salt, iterations))

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", slow)
    addresses = [f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1" for _ in range(64)]

    def attack(address: str) -> Any:
        try:
            return log_in(name, "wrong", address)
        finally:
            connection.close()

    with ThreadPoolExecutor(64) as threads:
        answers = list(threads.map(attack, addresses))
    assert {answer.status_code for answer in answers} == {200, 429}
    assert max(most) <= MAX_AT_ONCE
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused["Retry-After"]) >= 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_64_wrong_passwords_beside_the_api_of_a_real_server(tmp_path: Path) -> None:
    """AUTH-7: with Django's own cost of a hash, and fewer connections than logins."""
    with serving(tmp_path, {"DATABASE_POOL_MAX": "4"}) as server:
        form = "username=admin&password=wrong-wrong&csrfmiddlewaretoken=" + "a" * 32
        headers = {"Cookie": "csrftoken=" + "a" * 32, "Content-Type": "application/x-www-form-urlencoded"}

        def attack(number: int) -> tuple[int, dict[str, str]]:
            status, answer, _ = server.request("POST", "/admin/login/", form, **headers)
            return status, answer

        def work(number: int) -> int:
            return server.request("GET", "/images")[0]

        with ThreadPoolExecutor(76) as threads:
            attacks = threads.map(attack, range(64))
            statuses = set(threads.map(work, range(12)))
            answers = list(attacks)
    assert statuses == {200}
    assert {status for status, _ in answers} == {200, 429}
    assert all("retry-after" in headers for status, headers in answers if status == 429)
    log = (tmp_path / "log").read_text()
    assert log.count('"message": "login failed"') == 64
