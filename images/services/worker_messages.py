"""Messages to the workers: renditions that wait for them, and tasks that have something to do.

A message is a hint. Rows are committed before it, and the scheduler tells of them each minute. So a message
that is lost, late or repeated does no harm. A request only notes it, and a thread of the process sends it: no
request waits for the broker or fails with it. A process that ends takes its unsent messages with it."""

import logging
import os
import time
from collections import deque
from collections.abc import Iterable, Sequence
from math import inf
from typing import Any

from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from images.database import reason_of
from images.periodic_thread import PeriodicThread

log = logging.getLogger("progimage.messages")

RENDITIONS_TASK = "images.tasks.make_renditions"
OVERVIEWS_TASK = "images.tasks.make_overviews"
IDS_PER_MESSAGE = 10
"""A worker makes them one after the other. Those that it has not begun after a minute are sent to another."""
_EXPIRES_S = 60
"""A message that no worker takes in time is dropped. The sweep sends its rows again, accounts in turns."""
_LAST_PRIORITY = 9
"""The last of all in Valkey: a sweep that is sent later comes first."""
_MAX_UNSENT = 10_000
"""Ids that wait for the thread. The oldest go if the broker is away."""
_HINT_PAUSE_S = 1.0
"""Between two hints for a task, however many images are uploaded."""


class Outbox:
    """The messages that this process has not sent yet, and its thread that sends them."""

    def __init__(self) -> None:
        self.sender = PeriodicThread("worker messages", every_s=0.2)
        self.forget()

    def forget(self) -> None:
        self._ids: deque[int] = deque(maxlen=_MAX_UNSENT)
        self._hints: set[str] = set()
        self._hinted_at_s: dict[str, float] = {}
        self._is_away = False

    def note_renditions(self, rendition_ids: Iterable[int]) -> None:
        """Let the workers know of renditions that wait. The rows must be committed."""
        self._ids.extend(rendition_ids)
        self._start()

    def hint(self, task_name: str) -> None:
        """Let a worker know that rows, which are committed, wait for the task of this name."""
        self._hints.add(task_name)
        self._start()

    def take_ids(self) -> list[int]:
        """Return the ids of renditions that are unsent, and forget them."""
        return [self._ids.popleft() for _ in range(len(self._ids))]

    def flush(self) -> None:
        """Send everything that is due. If the broker is away drop it, and log the first time."""
        ids = self.take_ids()
        task_names = self._take_hints()
        if not ids and not task_names:
            return
        try:
            for task_name in task_names:
                _send(task_name)
            send_renditions(ids)
        except (OperationalError, RedisError) as error:
            if not self._is_away:
                log.warning("workers hear of their work by the scheduler alone (%s)", reason_of(error))
            self._is_away = True
        else:
            self._is_away = False

    def _take_hints(self) -> list[str]:
        """Return the names of tasks of which the last hint is long enough ago."""
        now = time.monotonic()
        latest = now - _HINT_PAUSE_S
        due = [name for name in sorted(self._hints) if self._hinted_at_s.get(name, -inf) <= latest]
        for name in due:
            self._hints.discard(name)
            self._hinted_at_s[name] = now
        return due

    def _start(self) -> None:
        if not self.sender.is_started:
            self.sender.start(self.flush)


def send_renditions(rendition_ids: Iterable[int]) -> None:
    """Send messages now. Raise OperationalError if the broker does not answer, RedisError if it is full."""
    for message in divided(list(rendition_ids)):
        _send(RENDITIONS_TASK, args=[message], priority=_LAST_PRIORITY)


def divided(rendition_ids: Sequence[int]) -> list[Sequence[int]]:
    """Divide ids into those of a message each."""
    starts = range(0, len(rendition_ids), IDS_PER_MESSAGE)
    return [rendition_ids[start : start + IDS_PER_MESSAGE] for start in starts]


def _send(task_name: str, **options: Any) -> None:
    current_app.send_task(task_name, expires=_EXPIRES_S, retry=False, **options)


outbox = Outbox()
"""That of this process."""

os.register_at_fork(after_in_child=outbox.forget)
