"""Child processes that handle pixels, with limits of CPU time and memory, and nothing to steal.

    configure(PoolSettings(workers=2))
    with pool().turn(account.pk) as turn:
        facts = turn.render(source, transform, target)

A process that renders has one pool. It is made on first use, and again after a fork."""

import os
from collections.abc import Hashable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import util
from pathlib import Path
from threading import Lock

from transforms.decoding.header import Header

from .fair_queue import FairQueue
from .pool_settings import PoolSettings
from .process_pool import Processes, forget_forkserver
from .turn import Turn


class RenderPool:
    """Runs as many tasks as there are children, lets `max_queue` tasks wait, and refuses more at once.

    A task's `owner` is the account that it is done for. Owners take turns (fair_queue.py)."""

    def __init__(self, settings: PoolSettings) -> None:
        self.settings = settings
        self._queue = FairQueue(
            slots=settings.children,
            share=settings.workers,
            max_waiting=settings.max_queue,
        )
        self._processes = Processes(settings)
        # atexit never runs in a process that multiprocessing started, such as granian's workers
        util.Finalize(None, self.stop, exitpriority=100)

    @contextmanager
    def turn(self, owner: Hashable = "", *, timeout_s: float | None = None) -> Iterator[Turn]:
        """Wait for the owner's turn and yield it. Costly work comes after this admission.

        Raise Unavailable if the queue is full, or if the turn does not come within `timeout_s`, by default
        that of the settings."""
        self.settings.before_waiting()
        stops = self._processes.stops
        wait_s = self.settings.timeout_s if timeout_s is None else timeout_s
        with ExitStack() as slot:
            slot.enter_context(self._queue.slot(owner, timeout_s=wait_s))
            yield Turn(self._processes, stops, slot.close)

    def check_room(self, owner: Hashable = "") -> None:
        """Raise Unavailable if a turn of the owner would be refused now, because the queue is full."""
        self._queue.check_room(owner)

    def validate(self, path: Path, *, owner: Hashable = "") -> Header:
        """Wait for a turn and validate an image. Raise as `turn` and `Turn.validate` do."""
        with self.turn(owner) as turn:
            return turn.validate(path)

    def probe(self, path: Path, *, owner: Hashable = "") -> Header:
        """Wait for a turn and read the header of an image. Raise as `turn` and `Turn.probe` do."""
        with self.turn(owner) as turn:
            return turn.probe(path)

    def probe_received(self, path: Path, *, owner: Hashable = "") -> Header:
        """Do as `probe` does, for bytes that nobody has validated."""
        with self.turn(owner) as turn:
            return turn.probe_received(path)

    def stop(self) -> None:
        """End every child now. The next task starts new ones."""
        self._queue.dismiss()
        self._processes.stop()


_settings = PoolSettings()
_pool: RenderPool | None = None
_pool_lock = Lock()


def configure(settings: PoolSettings) -> None:
    """Replace the settings of this process's pool. Stop a pool that runs already."""
    global _settings, _pool  # noqa: PLW0603
    with _pool_lock:
        previous = _pool
        _settings = settings
        _pool = None
    if previous:
        previous.stop()


def pool() -> RenderPool:
    """Return the pool of this process."""
    global _pool  # noqa: PLW0603
    with _pool_lock:
        if _pool is None:
            _pool = RenderPool(_settings)
        return _pool


def _after_fork() -> None:
    """Forget the pool. Its children, the threads that manage them and the forkserver belong to the parent."""
    global _pool, _pool_lock  # noqa: PLW0603
    _pool = None
    _pool_lock = Lock()
    forget_forkserver()


os.register_at_fork(after_in_child=_after_fork)
