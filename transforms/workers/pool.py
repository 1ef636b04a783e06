"""Where pixels run: child processes with a deadline, a memory limit and nothing to steal.

    configure(PoolSettings(workers=2))
    header = pool().validate(path)

There is one pool in a process that renders: made when it is first used, and anew after a fork."""

import os
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import CancelledError, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import forkserver, get_context, util
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

from .child import confine, give_way, run
from .fair_queue import Admission

T = TypeVar("T")

_ATTEMPTS = 2
"""pebble also gives a pool up when an idle child is killed; the next one is whole."""
_GRACE_S = 2.0
"""How long a child may outlive its deadline before the pool is taken for broken; pebble looks each 0.1 s."""


@dataclass(frozen=True, kw_only=True)
class PoolSettings:
    """`timeout_s` bounds the wait for a free child and, apart from that, the work itself.

    One owner has at most `workers` children; the `spare` ones keep others from waiting for it."""

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


class RenderPool:
    """Admits as many tasks as there are children and places to wait, and refuses the rest at once.

    `owner` is on whose behalf a task is done: owners take turns (admission.py)."""

    def __init__(self, settings: PoolSettings) -> None:
        self.settings = settings
        self._admission = Admission(
            places=settings.workers + settings.spare, share=settings.workers, max_waiting=settings.max_queue
        )
        self._lock = Lock()
        self._processes: ProcessPool | None = None
        self._futures: set[Future[Any]] = set()
        self._stops = 0
        # in a process that multiprocessing started, as granian's workers are, atexit never runs
        util.Finalize(None, self.stop, exitpriority=100)

    def validate(self, path: Path, *, owner: Hashable = "") -> Header:
        """Decode every frame of an image. Renders, for which somebody waits to see them, go before.

        Raises UnsupportedFormat, UnprocessableImage or ImageTooLarge; Unavailable where there is no room."""
        header: Header = self._run(give_way, validate, path, self.settings.limits, owner=owner)
        return header

    def probe(self, path: Path, *, owner: Hashable = "") -> Header:
        """Read the header alone. Raises as `validate` does."""
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
        """Write what a resolved transform makes of `source` to `target`. Raises as `validate` does.

        `others` are the files of the images that its operations name, by their references."""
        return self._run(render_file, source, transform, target, self.settings.limits, others, owner=owner)

    def stop(self) -> None:
        """End every child now. The next task starts new ones."""
        self._admission.dismiss()
        with self._lock:
            self._stops += 1
            processes, self._processes = self._processes, None
            if processes:
                _end(processes)
        for future in tuple(self._futures):
            if future.cancel():
                future.set_running_or_notify_cancel()  # wakes who waits; cancel() alone does not

    def _run(self, function: Callable[..., T], *args: object, owner: Hashable = "") -> T:
        self.settings.before_waiting()
        stops = self._stops
        with self._admission.place(owner, timeout_s=self.settings.timeout_s):
            return self._try(stops, function, *args)

    def _try(self, stops: int, function: Callable[..., T], *args: object) -> T:
        """A child that dies is given a second try: the kernel or an operator may have killed it for
        another's sake. Only an image that ends two of them is to blame, and none that a stop interrupts."""
        died: ProcessExpired | None = None
        for _ in range(_ATTEMPTS):
            if self._stops != stops:
                raise Unavailable("The renderers are being stopped")
            try:
                return self._attempt(function, *args)
            except ProcessExpired as error:
                died = error
            except BrokenProcessPool:
                pass
        if died:
            raise UnprocessableImage("The image could not be processed: its renderer ended") from died
        raise Unavailable("The renderers are being replaced")

    def _attempt(self, function: Callable[..., T], *args: object) -> T:
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
        """A child that is killed at the queue itself takes pebble's lock with it: then all others wait."""
        if not any(future.running() for future in tuple(self._futures)):
            self.stop()

    def _schedule(self, function: Callable[..., T], *args: object) -> Future[T]:
        start_by = monotonic() + self.settings.timeout_s
        task = (function, args, start_by, self.settings.timeout_s)
        try:
            future: Future[T] = self._ready().schedule(run, args=task, timeout=self.settings.timeout_s)
        except RuntimeError as error:  # pebble's for a pool that is broken or being stopped
            raise BrokenProcessPool from error
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)
        return future

    def _ready(self) -> ProcessPool:
        with self._lock:
            if self._processes and not self._processes.active:
                _end(self._processes)
                self._processes = None
            if self._processes is None:
                self._processes = _start(self.settings)
            return self._processes


def _start(settings: PoolSettings) -> ProcessPool:
    context = get_context("forkserver")
    context.set_forkserver_preload(["transforms.workers.forkserver"])
    _start_forkserver()
    return ProcessPool(
        max_workers=settings.workers + settings.spare,
        max_tasks=settings.max_tasks,
        initializer=confine,
        initargs=(settings.max_child_memory_bytes, settings.max_output_bytes),
        context=context,
    )


def _end(processes: ProcessPool) -> None:
    processes.stop()  # type: ignore[no-untyped-call]
    processes.join()


def _start_forkserver() -> None:
    """Start it where it can import this package: it is told its parent's sys.path, and leaves it unused."""
    before = os.environ.get("PYTHONPATH")
    root = str(Path(__file__).parents[2])
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (root, before)))
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


_settings = PoolSettings()
_pool: RenderPool | None = None
_pool_lock = Lock()


def configure(settings: PoolSettings) -> None:
    """Set what the process's pool is like. A pool that runs already is stopped."""
    global _settings, _pool
    with _pool_lock:
        _settings, previous, _pool = settings, _pool, None
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
    """The children, the threads that manage them and the forkserver all belong to the parent."""
    global _pool, _pool_lock
    _pool, _pool_lock = None, Lock()
    forkserver._forkserver.__init__()  # type: ignore[misc]  # noqa: SLF001


os.register_at_fork(after_in_child=_after_fork)
