"""Child processes that handle pixels, with a deadline, a memory limit and nothing to steal.

    configure(PoolSettings(workers=2))
    header = pool().validate(path)

A process that renders has one pool. It is made on first use, and again after a fork."""

import os
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import CancelledError, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import util
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from progimage.errors import Unavailable, UnprocessableImage
from progimage.transform import Transform
from transforms.decoding.decode import probe, validate
from transforms.decoding.header import Header
from transforms.engine import NO_OTHERS, Rendered, render_file
from transforms.limits import Limits

from .child import give_way, run
from .fair_queue import FairQueue
from .process_pool import end_processes, forget_forkserver, start_processes

T = TypeVar("T")

_ATTEMPTS = 2
"""pebble also gives a pool up if an idle child is killed. The second attempt has a new pool."""
_GRACE_S = 2.0
"""The time after its deadline at which a running task means that the
pool is broken. pebble looks every 0.1 s."""


@dataclass(frozen=True, kw_only=True)
class PoolSettings:
    """`timeout_s` bounds the wait for a free child and, separately, the work itself.

    One owner has at most `workers` children. The `spare` ones keep other owners from waiting for it."""

    workers: int = 1
    spare: int = 0
    max_queue: int = 16
    timeout_s: float = 10.0
    max_child_memory_bytes: int = 1_500_000_000
    max_output_bytes: int = 512_000_000
    max_tasks: int = 1_000
    limits: Limits = field(default_factory=Limits)
    before_waiting: Callable[[], None] = lambda: None
    """Called by every task's thread before it waits for a child."""

    @property
    def children(self) -> int:
        return self.workers + self.spare


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
        self._lock = Lock()
        self._processes: ProcessPool | None = None
        self._futures: set[Future[Any]] = set()
        self._stops = 0
        # atexit never runs in a process that multiprocessing started, such as granian's workers
        util.Finalize(None, self.stop, exitpriority=100)

    def validate(self, path: Path, *, owner: Hashable = "") -> Header:
        """Decode every frame of an image, at a lower priority than renders, for which clients wait.

        Raise UnsupportedFormat, UnprocessableImage or ImageTooLarge; Unavailable if the queue is full."""
        header: Header = self._run(give_way, validate, path, self.settings.limits, owner=owner)
        return header

    def probe(self, path: Path, *, owner: Hashable = "") -> Header:
        """Read the header of an image. Raise the errors of `validate`."""
        header: Header = self._run(probe, path, self.settings.limits, owner=owner)
        return header

    def render(
        self,
        source: Path,
        transform: Transform,
        target: Path,
        *,
        others: Mapping[str, Path] = NO_OTHERS,
        owner: Hashable = "",
    ) -> Rendered:
        """Write the result of a resolved transform of `source` to `target`. Raise the errors of `validate`.

        `others` holds the files of the images that operations name, by their references."""
        limits = self.settings.limits
        return self._run(
            render_file,
            source,
            transform,
            target,
            limits,
            others,
            owner=owner,
        )

    def stop(self) -> None:
        """End every child now. The next task starts new ones."""
        self._queue.dismiss()
        with self._lock:
            self._stops += 1
            processes = self._processes
            self._processes = None
            if processes:
                end_processes(processes)
        for future in tuple(self._futures):
            if future.cancel():
                # wakes the waiting thread; cancel() alone does not
                future.set_running_or_notify_cancel()

    def _run(
        self,
        function: Callable[..., T],
        *args: object,
        owner: Hashable = "",
    ) -> T:
        self.settings.before_waiting()
        stops = self._stops
        with self._queue.slot(owner, timeout_s=self.settings.timeout_s):
            return self._run_with_retry(stops, function, *args)

    def _run_with_retry(self, stops: int, function: Callable[..., T], *args: object) -> T:
        """Run a task again if its child dies.

        The kernel or an operator may have killed it because of another.

        Raise UnprocessableImage only for an image that ends two children, and Unavailable if the pool was
        stopped since `stops` was read."""
        last_death: ProcessExpired | None = None
        for _ in range(_ATTEMPTS):
            if self._stops != stops:
                raise Unavailable("The renderers are being stopped")
            try:
                return self._run_once(function, *args)
            except ProcessExpired as error:
                last_death = error
            except BrokenProcessPool:
                pass
        if last_death:
            raise UnprocessableImage("The image could not be processed: its renderer ended") from last_death
        raise Unavailable("The renderers are being replaced")

    def _run_once(self, function: Callable[..., T], *args: object) -> T:
        future = self._schedule(function, *args)
        wait([future], self.settings.timeout_s)
        if future.running():
            wait([future], self.settings.timeout_s + _GRACE_S)
        if not future.done():
            future.cancel()
            self._replace_if_stuck()
            raise Unavailable("Every renderer is busy, and none became free in time")
        try:
            return future.result()
        except TimeoutError as error:
            raise UnprocessableImage(
                f"Expected an image that takes at most {self.settings.timeout_s:g} s but it takes longer"
            ) from error
        except CancelledError as error:
            raise Unavailable("The renderers are being stopped") from error

    def _replace_if_stuck(self) -> None:
        """Stop the pool if no task runs. A child that is killed while it reads the queue keeps pebble's
        lock, and then all others wait."""
        if not any(future.running() for future in tuple(self._futures)):
            self.stop()

    def _schedule(self, function: Callable[..., T], *args: object) -> Future[T]:
        timeout_s = self.settings.timeout_s
        start_by = monotonic() + timeout_s
        task = (function, args, start_by, timeout_s)
        try:
            future: Future[T] = self._get_processes().schedule(run, args=task, timeout=timeout_s)
        except RuntimeError as error:
            # pebble raises it for a pool that is broken or being stopped
            raise BrokenProcessPool from error
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)
        return future

    def _get_processes(self) -> ProcessPool:
        with self._lock:
            if self._processes and not self._processes.active:
                end_processes(self._processes)
                self._processes = None
            if self._processes is None:
                self._processes = start_processes(
                    count=self.settings.children,
                    max_tasks=self.settings.max_tasks,
                    max_memory_bytes=self.settings.max_child_memory_bytes,
                    max_output_bytes=self.settings.max_output_bytes,
                )
            return self._processes


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
