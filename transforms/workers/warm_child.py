"""A rendering child as its parent sees it: a process that waits for tasks at the other end of a pipe."""

import os
from multiprocessing import get_context
from multiprocessing.connection import wait
from socket import socketpair
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple

from . import pipe
from .answers import load_answer
from .child import ChildLimits, serve

_REAP_S = 2.0
"""The forkserver tells within milliseconds how a child has ended."""

# A start looks at all children of the process. Of two threads that read how one has ended, one gets nothing.
_lock = Lock()


class ChildEnded(Exception):
    """The child has died. `exitcode` is its exit code, or the negative number of a signal."""

    def __init__(self, exitcode: int | None) -> None:
        super().__init__(f"A rendering child ended with exit code {exitcode}")
        self.exitcode = exitcode


class Answer(NamedTuple):
    """`value` is the result, or an exception if `is_error`. A child ends by itself after its last answer."""

    value: Any
    is_error: bool
    is_last: bool

    def result(self) -> Any:
        if self.is_error:
            raise self.value
        return self.value


class WarmChild:
    """Started at once. One thread at a time calls it; any thread may kill it."""

    def __init__(self, limits: ChildLimits) -> None:
        """The forkserver runs already."""
        self.idle_since = monotonic()
        self._pipe, other_end = socketpair()
        self._process = get_context("forkserver").Process(target=serve, args=(other_end, limits), daemon=True)
        try:
            with other_end, _lock:
                self._process.start()
        except BaseException:
            self._pipe.close()
            raise

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def is_waiting(self) -> bool:
        """Whether an idle child still waits for a task. Another process may have killed it."""
        return pipe.is_silent(self._pipe)

    def call(self, task: bytes, *, ends_at: float) -> Answer:
        """Do one task. Raise ChildEnded, or DeadlinePassed after `ends_at` on the monotonic clock.

        A child whose call has raised is of no further use, and its caller discards it."""
        try:
            pipe.send(self._pipe, task, ends_at=ends_at)
            message = pipe.receive(self._pipe, ends_at=ends_at)
        except pipe.PipeClosed as error:
            raise ChildEnded(self._wait()) from error
        return Answer(*load_answer(message))

    def kill(self) -> None:
        """End the process now, also amid a task. The thread that waits for it gets ChildEnded."""
        with _lock:
            if self._process.is_alive():
                self._process.kill()
        self._wait()

    def discard(self) -> None:
        """End the process now, and close the pipe. No thread waits for it."""
        self.kill()
        self.close()

    def close(self) -> None:
        """Close this end of the pipe. An idle child ends by itself then, some time later."""
        self._pipe.close()

    def _wait(self) -> int | None:
        # A child that has closed its pipe may live on. No other thread waits for that.
        wait([self._process.sentinel], _REAP_S)
        with _lock:
            self._process.join(0)
            return self._process.exitcode


def _after_fork() -> None:
    """Make a new lock. The thread that may have held it is not in this process."""
    global _lock  # noqa: PLW0603
    _lock = Lock()


os.register_at_fork(after_in_child=_after_fork)
