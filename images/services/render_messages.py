"""Messages that tell the workers which renditions wait for them.

A message is a hint. The row of a rendition is committed before its message. A message that is lost, late or
repeated does no harm, because the sweep sends the row again. So a thread sends the messages, and no request
waits for the broker. A process that ends takes its unsent messages with it."""

import logging
import os
from collections import deque
from collections.abc import Iterable, Sequence

from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from images.database import reason_of
from images.periodic_thread import PeriodicThread

log = logging.getLogger("progimage.messages")

TASK = "images.tasks.make_renditions"
IDS_PER_MESSAGE = 10
"""A worker makes them one after the other. Those that it has not begun after a minute are sent to another."""
EXPIRES_S = 60
"""A message that no worker takes in time is dropped. The sweep sends its rows again, accounts in turns."""
_MAX_UNSENT = 10_000
"""Ids that wait for the thread. The oldest go if the broker is away."""

_sender = PeriodicThread("render messages", every_s=0.2)
_unsent: deque[int] = deque(maxlen=_MAX_UNSENT)
_is_away = False


def send_soon(rendition_ids: Iterable[int]) -> None:
    """Let this process's thread tell the workers. The rows must be committed."""
    _unsent.extend(rendition_ids)
    if not _sender.is_started:
        _sender.start(flush)


def flush() -> None:
    """Send the ids that are unsent. If the broker is away drop them, and log the first time."""
    global _is_away  # noqa: PLW0603
    ids = [_unsent.popleft() for _ in range(len(_unsent))]
    if not ids:
        return
    try:
        send(ids)
    except (OperationalError, RedisError) as error:
        if not _is_away:
            log.warning("workers hear of renditions by the sweep alone (%s)", reason_of(error))
        _is_away = True
    else:
        _is_away = False


def send(rendition_ids: Iterable[int]) -> None:
    """Send messages now. Raise OperationalError if the broker does not answer, RedisError if it is full."""
    for message in divided(list(rendition_ids)):
        current_app.send_task(
            TASK,
            args=[message],
            expires=EXPIRES_S,
            retry=False,
        )


def divided(rendition_ids: Sequence[int]) -> list[Sequence[int]]:
    """Divide ids into those of a message each."""
    starts = range(0, len(rendition_ids), IDS_PER_MESSAGE)
    return [rendition_ids[start : start + IDS_PER_MESSAGE] for start in starts]


def _after_fork() -> None:
    """Start from nothing in a forked process: its parent sends the messages."""
    _unsent.clear()


os.register_at_fork(after_in_child=_after_fork)
