"""The processes of a pool: started by a forkserver that knows the engine, replaced if they end.

No thread manages them. The thread that needs a result waits for its child, and ends it if it is late."""

import os
from collections.abc import Callable
from contextlib import suppress
from threading import Condition, Thread, Timer
from time import monotonic, sleep
from typing import TypeVar
from weakref import WeakSet

from progimage.errors import Unavailable

from .answers import dump
from .child import ChildLimits
from .forkserver_start import start_forkserver
from .pool_settings import PoolSettings
from .warm_child import WarmChild

T = TypeVar("T")

_MIN_PAUSE_S = 0.1
_START_ATTEMPTS = 3
"""A forkserver that was killed is replaced as soon as the kernel says so, some milliseconds later."""
_START_PAUSE_S = 0.05
_IDLE_S = 10.0
"""Children that were idle for so long end, except for one. A quiet server holds the memory of one."""


class Processes:
    """At most as many children as the settings say, each started when it is needed.

    `stops` counts how often all of them were ended."""

    def __init__(self, settings: PoolSettings, *, idle_s: float = _IDLE_S) -> None:
        self.settings = settings
        self.stops = 0
        self._idle_s = idle_s
        self._limits = ChildLimits(
            max_memory_bytes=settings.max_child_memory_bytes,
            max_output_bytes=settings.max_output_bytes,
            max_tasks=settings.max_tasks,
        )
        self._changed = Condition()
        self._vacancies = settings.children
        """The number of children that may still be started."""
        self._children: set[WarmChild] = set()
        self._idle: list[WarmChild] = []
        """The last one was used last: it is the warmest, and the first ones grow old."""
        self._timer: Timer | None = None
        _everywhere.add(self)

    def run(
        self,
        function: Callable[..., T],
        args: tuple[object, ...],
        *,
        wall_s: float,
    ) -> T:
        """Do a task in a child, within `wall_s` by the clock. Raise what it raises.

        Raise ChildEnded if the child dies, DeadlinePassed if it is late and was killed, and Unavailable if
        there is no child in time or all are being stopped."""
        ends_at = monotonic() + wall_s
        limits = {"cpu_s": self.settings.timeout_s, "wall_s": wall_s}
        task = dump((function, args, limits))
        child = self._take()
        try:
            answer = child.call(task, ends_at=ends_at)
        except BaseException:
            self._replace(child)
            raise
        if answer.is_last:
            self._replace(child)
        else:
            self._give_back(child)
        result: T = answer.result()
        return result

    def stop(self) -> None:
        """End every child now. The next task starts new ones."""
        with self._changed:
            self.stops += 1
            children = self._children
            idle = self._idle
            self._vacancies += len(children)
            self._children = set()
            self._idle = []
            if self._timer:
                self._timer.cancel()
                self._timer = None
            self._changed.notify_all()
        for child in children:
            child.kill()
        for child in idle:
            child.close()

    def disown(self) -> None:
        """Let go of all children after a fork: they are the parent's, and end when it closes their pipes."""
        for child in self._children:
            child.close()
        self._children = set()
        self._idle = []

    def _take(self) -> WarmChild:
        """Return an idle child, or start one. Raise Unavailable if neither is possible in time."""
        ends_at = monotonic() + self.settings.timeout_s
        with self._changed:
            stops = self.stops
            while True:
                if self.stops != stops:
                    raise Unavailable("The renderers are being stopped")
                if child := self._find_idle():
                    return child
                if self._vacancies:
                    self._vacancies -= 1
                    break
                # a replacement is being started
                if not self._changed.wait(ends_at - monotonic()):
                    raise Unavailable("Every renderer is busy, and none became free in time")
        return self._start(stops)

    def _find_idle(self) -> WarmChild | None:
        while self._idle:
            child = self._idle.pop()
            if child.is_waiting():
                return child
            self._children.discard(child)
            self._vacancies += 1
            child.discard()
        return None

    def _start(self, stops: int) -> WarmChild:
        """Start a child in place of a vacancy that was taken. Raise Unavailable after another stop."""
        try:
            child = self._new_child()
        except BaseException:
            self._vacate()
            raise
        with self._changed:
            if self.stops == stops:
                self._children.add(child)
                return child
        self._vacate()
        child.discard()
        raise Unavailable("The renderers are being stopped")

    def _new_child(self) -> WarmChild:
        """Start a child, also if the forkserver was killed. Raise Unavailable if the machine refuses it."""
        for attempt in range(_START_ATTEMPTS):
            sleep(attempt * _START_PAUSE_S)
            try:
                start_forkserver()
                return WarmChild(self._limits)
            except (OSError, EOFError) as error:
                last_error = error
        raise Unavailable("No renderer could be started") from last_error

    def _vacate(self) -> None:
        with self._changed:
            self._vacancies += 1
            self._changed.notify()

    def _give_back(self, child: WarmChild) -> None:
        child.idle_since = monotonic()
        with self._changed:
            if child in self._children:
                self._idle.append(child)
                self._changed.notify()
                self._plan_end_of_idle()
                return
        # it was killed meanwhile
        child.close()

    def _replace(self, child: WarmChild) -> None:
        """End a child, and start another in the background, so that no request waits for that."""
        child.discard()
        with self._changed:
            if child not in self._children:
                return
            self._children.remove(child)
            stops = self.stops
        try:
            Thread(target=self._start_idle, args=(stops,), daemon=True).start()
        except RuntimeError:
            # there are too many threads, or the program ends
            self._vacate()

    def _start_idle(self, stops: int) -> None:
        try:
            child = self._start(stops)
        except Unavailable:
            # the next task tries again, and tells
            return
        self._give_back(child)

    def _plan_end_of_idle(self) -> None:
        """Let a timer come when the child that is idle for longest has been so for too long."""
        if self._timer is None and self._idle and len(self._children) > 1:
            wait_s = self._idle[0].idle_since + self._idle_s - monotonic()
            timer = Timer(max(_MIN_PAUSE_S, wait_s), self._end_idle)
            timer.daemon = True
            # there may be too many threads: the next child that becomes idle tries again
            with suppress(RuntimeError):
                timer.start()
                self._timer = timer

    def _end_idle(self) -> None:
        """End the children that were idle for long, except for the last one."""
        with self._changed:
            self._timer = None
            latest = monotonic() - self._idle_s
            old = [child for child in self._idle if child.idle_since <= latest]
            if old and len(old) == len(self._children):
                old.pop()
            self._children.difference_update(old)
            self._idle = [child for child in self._idle if child not in old]
            self._vacancies += len(old)
            self._plan_end_of_idle()
        for child in old:
            child.discard()


_everywhere: WeakSet[Processes] = WeakSet()


def _disown_all() -> None:
    for processes in tuple(_everywhere):
        processes.disown()


os.register_at_fork(after_in_child=_disown_all)
