"""The processes of a pool: started by a forkserver that knows the engine, replaced if they are broken."""

import os
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import forkserver, get_context
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

from pebble import ProcessPool

from .child import confine, run
from .pool_settings import PoolSettings

T = TypeVar("T")

_ROOT = Path(__file__).parents[2]
_PRELOADED = "transforms.workers.forkserver"


class Processes:
    """Starts children when the first task comes. `stops` counts how often all of them were ended."""

    def __init__(self, settings: PoolSettings) -> None:
        self.settings = settings
        self.stops = 0
        self.futures: set[Future[Any]] = set()
        self.running: ProcessPool | None = None
        self._lock = Lock()

    def schedule(
        self,
        function: Callable[..., T],
        args: tuple[object, ...],
        *,
        wall_s: float,
    ) -> Future[T]:
        """Give a task to the next free child. Once it has begun it has `wall_s` by the clock.

        Raise BrokenProcessPool if the children are being stopped."""
        limits = {
            "start_by": monotonic() + self.settings.timeout_s,
            "cpu_s": self.settings.timeout_s,
            "wall_s": wall_s,
        }
        try:
            future: Future[T] = self._start().schedule(run, (function, args), limits, timeout=wall_s)
        except RuntimeError as error:
            # pebble raises it for a pool that is broken or being stopped
            raise BrokenProcessPool from error
        self.futures.add(future)
        future.add_done_callback(self.futures.discard)
        return future

    def stop(self) -> None:
        """End every child now. The next task starts new ones."""
        with self._lock:
            self.stops += 1
            processes = self.running
            self.running = None
            if processes:
                _end(processes)
        for future in tuple(self.futures):
            if future.cancel():
                # wakes the waiting thread; cancel() alone does not
                future.set_running_or_notify_cancel()

    def stop_if_stuck(self) -> None:
        """Stop if no task runs. A child that is killed while it reads the queue keeps pebble's lock, and then
        all others wait."""
        if not any(future.running() for future in tuple(self.futures)):
            self.stop()

    def _start(self) -> ProcessPool:
        with self._lock:
            if self.running and not self.running.active:
                _end(self.running)
                self.running = None
            if self.running is None:
                self.running = _start_children(self.settings)
            return self.running


def forget_forkserver() -> None:
    """Reset the state of multiprocessing's forkserver. After a fork it is the parent's."""
    initial_state = vars(forkserver.ForkServer())
    vars(forkserver._forkserver).update(initial_state)  # noqa: SLF001


def _start_children(settings: PoolSettings) -> ProcessPool:
    context = get_context("forkserver")
    context.set_forkserver_preload([_PRELOADED])
    _start_forkserver()
    return ProcessPool(
        max_workers=settings.children,
        max_tasks=settings.max_tasks,
        initializer=confine,
        initargs=(settings.max_child_memory_bytes, settings.max_output_bytes),
        context=context,
    )


def _end(processes: ProcessPool) -> None:
    processes.stop()  # type: ignore[no-untyped-call]
    processes.join()


def _start_forkserver() -> None:
    """Start the forkserver with a PYTHONPATH to this package.

    It receives its parent's sys.path and ignores it."""
    previous = os.environ.get("PYTHONPATH")
    paths = [str(_ROOT), previous] if previous else [str(_ROOT)]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    try:
        forkserver.ensure_running()
    finally:
        if previous is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = previous
