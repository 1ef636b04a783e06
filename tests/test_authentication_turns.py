"""Requests that come together take turns by key, before any work is done for them."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import RequestFactory
from rest_framework.request import Request

from accounts.access import authentication
from accounts.keys.key_text import KeyText, generate_key
from progimage.errors import NotAuthenticated, Unavailable


class Lookups:
    """Stands for the database: each lookup goes on until `end` is set."""

    def __init__(self) -> None:
        self.under_way: list[str] = []
        self.end = threading.Event()

    def __call__(self, key: KeyText) -> None:
        self.under_way.append(key.prefix)
        self.end.wait(10)


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> Lookups:
    lookups = Lookups()
    monkeypatch.setattr(authentication, "find_api_key", lookups)
    return lookups


def authenticate(key: KeyText) -> None:
    request = Request(RequestFactory().get("/", headers={"Authorization": f"Bearer {key}"}))
    authentication.ApiKeyAuthentication().authenticate(request)


def test_one_key_does_not_keep_another_waiting(lookups: Lookups) -> None:
    many, one = generate_key(), generate_key()
    with ThreadPoolExecutor(20) as threads:
        answers = [threads.submit(authenticate, many) for _ in range(10)]
        time.sleep(0.1)
        answers.append(threads.submit(authenticate, one))
        time.sleep(0.1)
        assert lookups.under_way == [many.prefix] * 4 + [one.prefix]
        lookups.end.set()
        assert {type(answer.exception()) for answer in answers} == {NotAuthenticated}
    assert len(lookups.under_way) == 11


def test_nobody_waits_long(lookups: Lookups, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the database hangs."""
    monkeypatch.setattr(authentication, "_TURN_TIMEOUT_S", 0.1)
    key = generate_key()
    with ThreadPoolExecutor(5) as threads:
        answers = [threads.submit(authenticate, key) for _ in range(5)]
        time.sleep(0.3)
        assert [type(answer.exception()) for answer in answers if answer.done()] == [Unavailable]
        lookups.end.set()
