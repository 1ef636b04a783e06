"""Child processes that handle pixels, with limits of CPU time and memory, and nothing to steal.

    configure(PoolSettings(workers=2))
    with pool().turn(account.pk, cost=render_cost("jpeg", 12.0, transform)) as turn:
        facts = turn.render(source, transform, target)

A process that renders has one pool. It is made on first use, and again after a fork."""

import os
from collections.abc import Hashable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing import util
from pathlib import Path
from threading import Lock

from transforms.decoding.header import Header

from .costs import PROBE, UNKNOWN, VALIDATE, Costs, TaskCost, file_cost
from .fair_queue import FairQueue
from .forkserver_start import forget_forkserver
from .pool_settings import PoolSettings
from .process_pool import Processes
from .turn import Turn

_MAX_LOAN_S = 1.0
_MAX_LOAN_OF_VALIDATION_S = 0.2
"""A spare child is lent for no longer work. Some validations are of bombs, and no page waits for them."""


class RenderPool:
    """Runs as many tasks as there are children. Others wait if they can be done in time, or are refused.

    A task's `owner` is the account that it is done for. Owners take turns (lines.py). Its `cost` holds the
    facts from which the time of the task is estimated (costs.py)."""

    def __init__(self, settings: PoolSettings) -> None:
        self.settings = settings
        self._costs = Costs()
        self._queue = FairQueue(
            slots=settings.children,
            share=settings.workers,
            waiting_room=self._waiting_room,
        )
        self._processes = Processes(settings)
        # atexit never runs in a process that multiprocessing started, such as granian's workers
        util.Finalize(None, self.stop, exitpriority=100)

    @contextmanager
    def turn(
        self,
        owner: Hashable = "",
        *,
        cost: TaskCost = UNKNOWN,
        timeout_s: float | None = None,
    ) -> Iterator[Turn]:
        """Wait for the owner's turn and yield it. Costly work comes after this admission.

        Raise Unavailable at once if the task cannot be done within `timeout_s`, by default that of the
        settings, and later if the turn does not come in time after all."""
        stops = self._processes.stops
        with ExitStack() as slot:
            slot.enter_context(
                self._queue.slot(
                    owner,
                    timeout_s=self.settings.timeout_s if timeout_s is None else timeout_s,
                    estimate=partial(self._costs.estimate_s, cost),
                    max_loan_s=_MAX_LOAN_OF_VALIDATION_S if cost.kind == VALIDATE else _MAX_LOAN_S,
                )
            )
            yield Turn(self._processes, stops, self._costs.measured(cost, slot.close))

    def check_room(self, owner: Hashable = "") -> None:
        """Raise Unavailable if a turn of the owner would be refused now, however small its task."""
        self._queue.check_room(owner, timeout_s=self.settings.timeout_s)

    def validate(self, path: Path, *, owner: Hashable = "") -> Header:
        """Wait for a turn and validate an image. Raise as `turn` and `Turn.validate` do."""
        with self.turn(owner, cost=file_cost(VALIDATE, path)) as turn:
            return turn.validate(path)

    def probe(self, path: Path, *, owner: Hashable = "") -> Header:
        """Wait for a turn and read the header of an image. Raise as `turn` and `Turn.probe` do."""
        with self.turn(owner, cost=file_cost(PROBE, path)) as turn:
            return turn.probe(path)

    def probe_received(self, path: Path, *, owner: Hashable = "") -> Header:
        """Do as `probe` does, for bytes that nobody has validated."""
        with self.turn(owner, cost=file_cost(PROBE, path)) as turn:
            return turn.probe_received(path)

    @contextmanager
    def _waiting_room(self, owner: Hashable) -> Iterator[None]:
        """Enter the waiting room of the settings, without what nobody may hold while it waits."""
        self.settings.before_waiting()
        with self.settings.waiting_room(owner):
            yield

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
    """Forget the pool. Its children and the forkserver belong to the parent."""
    global _pool, _pool_lock  # noqa: PLW0603
    _pool = None
    _pool_lock = Lock()
    forget_forkserver()


os.register_at_fork(after_in_child=_after_fork)
