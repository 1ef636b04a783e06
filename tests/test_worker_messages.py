"""Messages to the workers: a thread sends them, and they may be lost."""

import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection, connections
from kombu.exceptions import OperationalError
from redis.exceptions import ReadOnlyError

from config.celery import app
from images.models import Rendition
from images.services import worker_messages
from images.services.worker_messages import outbox
from tests.conftest import Api, make_api
from tests.support import images as made
from tests.support.ahead import WEBP, ask_ahead
from tests.support.listing import ledger
from tests.test_celery import wait_for, worker

PNG = made.encoded("png")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(app, "send_task", lambda name, **options: calls.append({"name": name, **options}))
    return calls


def test_ten_ids_in_a_message_that_expires(sent: list[dict[str, Any]]) -> None:
    outbox.note_renditions(range(11))
    assert sent == []
    outbox.flush()
    outbox.flush()
    assert [call["args"] for call in sent] == [[list(range(10))], [[10]]]
    facts = {(call["name"], call["expires"], call["priority"]) for call in sent}
    assert facts == {("images.tasks.make_renditions", 60, 9)}


class Clock:
    """The time by which the pause between hints is measured."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 0.0
        monkeypatch.setattr("images.services.worker_messages.time.monotonic", lambda: self.now_s)


def test_many_hints_are_one_message_a_second(
    sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    for clock.now_s in (0.0, 0.4, 0.8, 1.2):
        for task_name in ("b", "a", "b"):
            outbox.hint(task_name)
        outbox.flush()
    outbox.flush()
    assert sent == [{"name": name, "expires": 60, "retry": False} for name in ("a", "b", "a", "b")]


def test_a_hint_is_not_lost_in_the_pause(sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    for clock.now_s in (0.0, 0.5):
        outbox.hint("a")
        outbox.flush()
    assert len(sent) == 1
    clock.now_s = 1.0
    outbox.flush()
    assert len(sent) == 2


def test_every_thread_sends_to_this_broker(sent: list[dict[str, Any]]) -> None:
    """Celery would give a thread that has not imported the application one of its own, without settings."""
    outbox.note_renditions([1])
    thread = threading.Thread(target=outbox.flush)
    thread.start()
    thread.join()
    assert len(sent) == 1


@pytest.mark.parametrize(
    "failure", [OperationalError("Connection refused"), ReadOnlyError("a replica")], ids=repr
)
def test_a_broker_that_is_away_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failure: Exception
) -> None:
    caplog.set_level(logging.WARNING)
    is_away = True

    def send_task(*_: Any, **__: Any) -> None:
        if is_away:
            raise failure

    monkeypatch.setattr(app, "send_task", send_task)
    for _ in range(3):
        outbox.note_renditions([1])
        outbox.flush()
    assert caplog.text.count("workers hear of their work by the scheduler alone") == 1
    is_away = False
    outbox.note_renditions([1])
    outbox.flush()
    is_away = True
    outbox.note_renditions([1])
    outbox.flush()
    assert caplog.text.count("workers hear of their work by the scheduler alone") == 2


def test_memory_is_bounded_while_the_broker_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    outbox.note_renditions(range(20_000))
    assert outbox.take_ids() == list(range(10_000, 20_000))


def test_a_request_does_not_wait_for_the_broker(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    path = api.stored(PNG)

    def hang(*_: Any, **__: Any) -> None:
        time.sleep(60)

    monkeypatch.setattr(app, "send_task", hang)
    assert ask_ahead(api, path, WEBP).status_code == 202
    assert Rendition.objects.get().state == "waiting"


@pytest.mark.slow
def test_a_sweep_goes_before_renditions(settings: Any) -> None:
    """Of messages that a worker finds in Valkey, the one that was sent last comes first."""
    with app.connection_for_write() as connection:
        queue = connection.SimpleQueue("celery")
        queue.clear()
        worker_messages.send_renditions([1])
        app.send_task("images.tasks.sweep", expires=60)
        names = []
        for _ in range(2):
            message = queue.get(timeout=10)
            names.append(message.headers["task"])
            message.ack()
        queue.close()
    assert names == ["images.tasks.sweep", "images.tasks.make_renditions"]


@pytest.fixture
def committed(transactional_db: None) -> Iterator[Api]:
    yield make_api("alice")
    connections.close_all()


@pytest.mark.slow
def test_a_worker_makes_what_is_sent(committed: Api, tmp_path: Path, settings: Any) -> None:
    """A real worker, which the message reaches through Valkey."""
    path = committed.stored(PNG, query="?eager=w%3D30%26format%3Dwebp")
    url = urlsplit(os.environ["DATABASE_URL"])
    database_url = urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}"))
    with worker(tmp_path, settings.VALKEY_URL, DATABASE_URL=database_url) as running:
        wait_for(tmp_path, r"celery@\S+ ready")
        outbox.flush()
        deadline = time.monotonic() + 30
        while ledger(committed, path)["renditions"][0]["state"] != "ready":
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.1)
        assert Rendition.objects.get().attempts == 1
        own_niceness = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, running.pid) == min(own_niceness + 5, 19)
        running.terminate()
        assert running.wait(20) == 0
