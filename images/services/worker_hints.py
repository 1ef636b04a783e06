"""Hints to the workers: messages that a task has something to do.

A request only notes the hint. A thread of the process sends it, at most once a second for each task. So a
request neither waits for the broker nor fails with it, and an import of many images sends few messages. A
hint that is lost does no harm: the scheduler sends one each minute."""

import logging
import os
from threading import Lock

from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from images.database import reason_of
from images.periodic_thread import PeriodicThread

log = logging.getLogger("progimage.hints")

_EXPIRES_S = 60
_sender = PeriodicThread("hints", every_s=1)
_lock = Lock()
_noted: set[str] = set()


def hint(task_name: str) -> None:
    """Note that rows wait for the task of this name, after the transaction that wrote them."""
    with _lock:
        _noted.add(task_name)
    if not _sender.is_started:
        _sender.start(send)


def send() -> None:
    """Send the hints that this process has noted."""
    with _lock:
        task_names = sorted(_noted)
        _noted.clear()
    for task_name in task_names:
        try:
            current_app.send_task(task_name, expires=_EXPIRES_S, retry=False, ignore_result=True)
        except (OperationalError, RedisError) as error:  # away, or full
            log.warning("a hint is left to the scheduler (%s)", reason_of(error), extra={"task": task_name})


def _after_fork() -> None:
    global _lock  # noqa: PLW0603
    _lock = Lock()
    _noted.clear()


os.register_at_fork(after_in_child=_after_fork)
