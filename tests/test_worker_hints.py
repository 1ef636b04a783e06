"""Hints to the workers: noted by requests, sent together by a thread, and never an error."""

from typing import Any

import pytest
from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import OutOfMemoryError

from images.services import worker_hints


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list of the names of tasks that were sent. No thread sends any."""
    names: list[str] = []

    def send_task(name: str, **options: Any) -> None:
        assert options == {"expires": 60, "retry": False, "ignore_result": True}
        names.append(name)

    monkeypatch.setattr(current_app, "send_task", send_task)
    monkeypatch.setattr(worker_hints._sender, "_is_started", True)
    worker_hints._noted.clear()
    return names


def test_many_hints_are_one_message(sent: list[str]) -> None:
    for _ in range(3):
        worker_hints.hint("images.tasks.a")
    worker_hints.hint("images.tasks.b")
    assert sent == [], "a request sends nothing itself"
    worker_hints.send()
    assert sent == ["images.tasks.a", "images.tasks.b"]
    worker_hints.send()
    assert len(sent) == 2


@pytest.mark.parametrize("error", [OperationalError("connection refused"), OutOfMemoryError("too full")])
def test_a_broker_that_is_away_or_full_is_logged(
    sent: list[str], error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried: list[str] = []

    def fail(name: str, **options: Any) -> None:
        tried.append(name)
        raise error

    monkeypatch.setattr(current_app, "send_task", fail)
    worker_hints.hint("images.tasks.a")
    worker_hints.hint("images.tasks.b")
    worker_hints.send()
    assert tried == ["images.tasks.a", "images.tasks.b"]
    assert str(error) in caplog.text
