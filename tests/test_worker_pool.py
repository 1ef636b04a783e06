"""The settings of the server reach the engine's pool, and no thread waits with a database connection."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from accounts.models import Account
from images import worker_pool
from tests.support.child_tasks import nap
from transforms.workers.pool import pool


@pytest.fixture(autouse=True)
def configured_again() -> Iterator[None]:
    yield
    worker_pool.configure()


def test_settings_are_passed_on(settings: Any) -> None:
    settings.RENDER_PROCESSES = 3
    settings.RENDER_SPARE_PROCESSES = 2
    settings.RENDER_TIMEOUT_S = 4.5
    settings.RENDER_CHILD_MEMORY_BYTES = 900_000_000
    settings.MAX_IMAGE_PIXELS = 11
    settings.MAX_TOTAL_PIXELS = 12
    settings.MAX_FRAMES = 13
    settings.MAX_OUTPUT_SIDE_PX = 14
    worker_pool.configure()
    passed = pool().settings
    assert (passed.workers, passed.spare) == (3, 2)
    assert (passed.timeout_s, passed.max_child_memory_bytes) == (4.5, 900_000_000)
    limits = passed.limits
    assert (limits.max_pixels, limits.max_total_pixels) == (11, 12)
    assert (limits.max_frames, limits.max_output_side) == (13, 14)


@pytest.mark.django_db(transaction=True)
def test_no_connection_is_held_while_a_thread_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    worker_pool.configure()
    queue = pool()._queue
    enter = queue.slot
    held: list[bool] = []

    def watch(*arguments: Any, **options: Any) -> Any:
        held.append(connection.connection is not None)
        return enter(*arguments, **options)

    monkeypatch.setattr(queue, "slot", watch)
    Account.objects.exists()
    assert connection.connection is not None
    run = pool()._processes.run

    def watch_run(*arguments: Any, **options: Any) -> Any:
        held.append(connection.connection is not None)
        return run(*arguments, **options)

    monkeypatch.setattr(pool()._processes, "run", watch_run)
    with pool().turn() as turn:
        Account.objects.exists()  # as a rendition's row is claimed
        assert connection.connection is not None
        turn.run(nap, 0)
    assert held == [False, False]
