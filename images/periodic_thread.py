"""A thread that does the same work again and again, for as long as its process lives."""

import logging
import os
import threading
import time
from collections.abc import Callable

from .database import release_connection

log = logging.getLogger("progimage.threads")


class PeriodicThread:
    """A process starts the thread once. A forked process has no thread, and may start its own."""

    def __init__(self, name: str, *, every_s: float) -> None:
        self.every_s = every_s
        self._name = name
        self._lock = threading.Lock()
        self._is_started = False
        os.register_at_fork(after_in_child=self._forget)

    @property
    def is_started(self) -> bool:
        return self._is_started

    def start(self, work: Callable[[], object]) -> bool:
        """Start the thread, which calls `work` after each pause. Return False if it runs already, or cannot.

        An error of `work` is logged, and does not end the thread. No pause holds a database connection."""
        with self._lock:
            if self._is_started:
                return False
            try:
                threading.Thread(target=self._run, args=(work,), name=self._name, daemon=True).start()
            except RuntimeError as error:  # there are too many threads: the next call tries again
                log.warning("a thread could not be started (%s)", error, extra={"of": self._name})
                return False
            self._is_started = True
        return True

    def _run(self, work: Callable[[], object]) -> None:
        while True:
            time.sleep(self.every_s)
            try:
                self._work_once(work)
            except Exception:
                log.exception("the thread goes on after an error", extra={"of": self._name})

    @staticmethod
    def _work_once(work: Callable[[], object]) -> None:
        try:
            work()
        finally:
            release_connection()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._is_started = False
