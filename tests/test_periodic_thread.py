"""Threads that do the same work again and again. tests/test_hit_counts.py has the start after a fork."""

import threading

import pytest

from images.periodic_thread import PeriodicThread
from tests.support.waiting import wait_until


def test_it_goes_on_after_an_error(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[str] = []

    def work() -> None:
        calls.append(threading.current_thread().name)
        if len(calls) == 1:
            raise ValueError("once")
        if len(calls) == 3:
            _wait_for_ever()

    PeriodicThread("three times", every_s=0.01).start(work)
    wait_until(lambda: len(calls) == 3)
    assert calls == ["three times"] * 3
    assert [record.getMessage() for record in caplog.records] == ["the thread goes on after an error"]


def test_a_process_starts_it_once() -> None:
    thread = PeriodicThread("once", every_s=0.01)
    assert not thread.is_started
    results = [thread.start(_wait_for_ever), thread.start(_wait_for_ever)]
    assert results == [True, False]
    assert thread.is_started


def test_a_machine_without_a_thread_to_give_fails_no_request(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    thread = PeriodicThread("later", every_s=0.01)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        assert not thread.start(_wait_for_ever)
    assert not thread.is_started
    assert "can't start new thread" in caplog.text
    assert thread.start(_wait_for_ever), "the next call tries again"


def _wait_for_ever() -> None:
    threading.Event().wait()
