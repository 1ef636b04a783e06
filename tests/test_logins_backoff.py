"""Pauses after failed logins: how long they are, who shares them, and what happens without the cache."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache, caches
from redis.exceptions import ConnectionError as NoCache

from accounts.logins import backoff
from accounts.logins.backoff import MAX_PAUSE_S, Subject, begin, count_failure, find_pause_s
from accounts.logins.hashing import TooManyLogins
from tests.support.problems import lines

__all__ = ["lines"]


@pytest.fixture
def subject() -> Subject:
    """A name that no other test has."""
    return Subject("name", uuid4().hex, free_failures=3)


def fail(subject: Subject, times: int) -> None:
    for _ in range(times):
        count_failure(subject)


def test_first_failures_cost_nothing(subject: Subject) -> None:
    for _ in range(subject.free_failures):
        begin(subject)
        count_failure(subject)
        assert find_pause_s(subject) == 0


@pytest.mark.parametrize(
    ("excess", "pause_s"), [(0, 2), (1, 4), (2, 8), (6, 128), (7, 256), (8, MAX_PAUSE_S), (500, MAX_PAUSE_S)]
)
def test_pauses_double_to_a_bound(subject: Subject, excess: int, pause_s: int) -> None:
    cache.set(subject.failures_key, subject.free_failures + excess)
    begin(subject)
    assert find_pause_s(subject) == pause_s
    with pytest.raises(TooManyLogins) as refused:
        begin(subject)
    assert refused.value.retry_after_s == pause_s
    assert str(pause_s) in refused.value.message


def test_attempts_that_are_refused_make_no_pause_longer(subject: Subject) -> None:
    fail(subject, 4)
    begin(subject)
    for _ in range(20):
        with pytest.raises(TooManyLogins):
            begin(subject)
    assert find_pause_s(subject) == 4


def test_failures_are_forgotten_an_hour_after_the_last(subject: Subject) -> None:
    fail(subject, 2)
    key = cache.make_key(subject.failures_key)
    remaining_s = cache._cache.get_client().ttl(key)  # type: ignore[attr-defined]
    assert backoff.MEMORY_S - 5 <= remaining_s <= backoff.MEMORY_S


def test_neither_addresses_nor_names_stand_in_the_cache() -> None:
    subject = backoff.name_subject("alice@example.com")
    assert "alice" not in subject.failures_key + subject.pause_key
    assert subject != backoff.address_subject("alice@example.com")


@pytest.fixture
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise NoCache("refused")

    for method in ("get", "add", "incr", "set", "touch"):
        monkeypatch.setattr(caches["default"], method, fail)


def test_without_the_cache_the_process_counts_by_itself(
    no_cache: None, subject: Subject, lines: list[dict[str, Any]]
) -> None:
    backoff._local.delete("warned")
    begin(subject)
    fail(subject, 5)
    begin(subject)
    with pytest.raises(TooManyLogins):
        begin(subject)
    assert find_pause_s(subject) == 8
    assert [(line["level"], line["reason"]) for line in lines] == [("warning", "ConnectionError")]
