"""Lines of the log that are written together: a write for each line would cost more than a hit does.

A line waits for _LINES others or for _EVERY_S, whichever is first. A process that ends writes its lines. A
process that is killed loses those that wait."""

import os
from collections import deque
from contextlib import suppress
from multiprocessing import util
from threading import Lock

from images.periodic_thread import PeriodicThread

_LINES = 64
_MOST_LINES = 4_096
"""At so many lines that wait, requests wait for them to be written."""
_EVERY_S = 0.5
_STDERR = 2
_PIPE_BYTES = 4_096
"""Several processes share a pipe: only a write that is no longer than this is never mixed with others.

Source: PIPE_BUF in pipe(7)."""

_timer = PeriodicThread("log-lines", every_s=_EVERY_S)


class LineBuffer:
    """Lines for a file descriptor."""

    def __init__(self, descriptor: int = _STDERR) -> None:
        self._descriptor = descriptor
        self._lines: deque[str] = deque()
        self._lock = Lock()
        os.register_at_fork(after_in_child=self._forget)

    def add(self, line: str) -> None:
        """Write a line soon. It ends with a newline.

        One thread writes at a time, and the others go on, as long as it keeps up with them."""
        self._lines.append(line)
        count = len(self._lines)
        if count >= _LINES:
            if self._lock.acquire(blocking=count >= _MOST_LINES):
                self._write_and_release()
        elif not _timer.is_started and _timer.start(self.flush):
            util.Finalize(None, self.flush, exitpriority=10)  # atexit never runs in a worker of granian

    def flush(self) -> None:
        """Write the lines that wait, in their order."""
        self._lock.acquire()
        self._write_and_release()

    def _write_and_release(self) -> None:
        """Write the lines that wait. The caller has taken the lock."""
        try:
            part: list[bytes] = []
            part_bytes = 0
            for _ in range(len(self._lines)):
                line = self._lines.popleft().encode()
                if part_bytes + len(line) > _PIPE_BYTES:
                    _write(self._descriptor, b"".join(part))
                    part.clear()
                    part_bytes = 0
                part.append(line)
                part_bytes += len(line)
            _write(self._descriptor, b"".join(part))
        finally:
            self._lock.release()

    def _forget(self) -> None:
        """Begin anew in a forked process: its parent writes the lines that it has inherited."""
        self._lock = Lock()
        self._lines.clear()


def _write(descriptor: int, content: bytes) -> None:
    with suppress(OSError):  # no request fails because its line cannot be written
        while content:
            content = content[os.write(descriptor, content) :]


stderr = LineBuffer()
