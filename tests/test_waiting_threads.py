"""The bound on threads that wait for the renderers, of all accounts and of one."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from images import waiting_threads
from progimage.errors import Unavailable


def wait_for(accounts: str) -> Counter[str]:
    """Let one thread after the other wait for an account; all stay. Return how many of each were admitted."""
    end = threading.Event()
    admitted: Counter[str] = Counter()

    def wait(account: str, is_decided: threading.Event) -> None:
        try:
            with waiting_threads.hold(account):
                admitted[account] += 1
                is_decided.set()
                assert end.wait(10)
        except Unavailable:
            pass
        finally:
            is_decided.set()

    with ThreadPoolExecutor(len(accounts)) as threads:
        try:
            tasks = []
            for account in accounts:
                is_decided = threading.Event()
                tasks.append(threads.submit(wait, account, is_decided))
                assert is_decided.wait(10)
        finally:
            end.set()
        for task in tasks:
            task.result()
    return admitted


@pytest.mark.parametrize(
    ("accounts", "admitted"),
    [
        pytest.param("a" * 12, {"a": 6}, id="one account has three quarters"),
        pytest.param("a" * 12 + "b" * 12, {"a": 6, "b": 2}, id="another has the rest"),
        pytest.param("abcd" * 3, {"a": 2, "b": 2, "c": 2, "d": 2}, id="all together have no more"),
    ],
)
def test_are_bounded(accounts: str, admitted: dict[str, int], settings: Any) -> None:
    """F-22."""
    settings.RENDITION_WAITERS = 8
    for _ in range(2):
        assert wait_for(accounts) == admitted


@pytest.mark.parametrize(("waiters", "of_one"), [(0, 0), (1, 1), (2, 1), (128, 96)])
def test_share_of_one_account(waiters: int, of_one: int, settings: Any) -> None:
    settings.RENDITION_WAITERS = waiters
    assert waiting_threads.max_of_one_account() == of_one


def test_a_thread_counts_once(settings: Any) -> None:
    settings.RENDITION_WAITERS = 1
    for _ in range(2):
        with waiting_threads.hold("a"), waiting_threads.hold("a"):
            pass
