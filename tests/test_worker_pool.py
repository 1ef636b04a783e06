"""The settings of the server reach the engine's pool, and no thread waits with a database connection."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from accounts.models import Account
from images import worker_pool
from progimage.errors import Unavailable
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
class TestConnection:
    def test_is_given_back_before_a_thread_waits_for_its_turn(self, settings: Any) -> None:
        settings.RENDER_PROCESSES = 1
        settings.RENDER_SPARE_PROCESSES = 0
        worker_pool.configure()
        with ThreadPoolExecutor(1) as threads, pool().turn("a"):
            assert threads.submit(_is_held_after_waiting).result(10) is False

    def test_is_kept_if_the_turn_is_there(self) -> None:
        worker_pool.configure()
        Account.objects.exists()
        with pool().turn():
            assert connection.connection is not None

    def test_is_given_back_before_a_child_works(self, monkeypatch: pytest.MonkeyPatch) -> None:
        worker_pool.configure()
        held: list[bool] = []
        run = pool()._processes.run

        def watch_run(*arguments: Any, **options: Any) -> Any:
            held.append(connection.connection is not None)
            return run(*arguments, **options)

        monkeypatch.setattr(pool()._processes, "run", watch_run)
        with pool().turn() as turn:
            Account.objects.exists()  # as a rendition's row is claimed
            assert connection.connection is not None
            turn.run(nap, 0)
        assert held == [False]


def _is_held_after_waiting() -> bool:
    """Wait in vain for a turn, and return whether this thread has kept its connection meanwhile."""
    Account.objects.exists()
    try:
        with pytest.raises(Unavailable), pool().turn("b", timeout_s=0.1):
            pass
        return connection.connection is not None
    finally:
        connection.close()
