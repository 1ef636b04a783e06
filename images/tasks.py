"""The workers' tasks. Rows are the truth: a task that is lost or runs twice does no harm."""

import logging
import time
from collections.abc import Sequence

from celery import shared_task
from django.db import Error

from images.database import reason_of, release_connection
from images.services import waiting_renditions, worker_messages
from images.services.worker_messages import outbox
from images.upkeep.overview_making import make_waiting
from images.upkeep.rendition_making import make_ahead
from images.upkeep.sweeps import SWEEPS
from progimage.errors import ProgImageError

log = logging.getLogger("progimage.sweep")

_SWEEP_BUDGET_S = 50 / len(SWEEPS)
"""Time for each sweep. All sweeps together must end before the next task starts, 60 s later."""
_OVERVIEWS_BUDGET_S = 10
"""Then other tasks have their turn at this thread."""

_RENDER_BUDGET_S = 15
"""A message to sweep, which expires after 60 s, waits for no longer than that and one render."""


@shared_task
def sweep() -> dict[str, int]:
    """Run every sweep for a while, and return how many rows each one has ended.

    If a sweep fails, the others still run. The broker drops a message that no worker takes within a minute:
    the next message does the same work."""
    ended_rows: dict[str, int] = {}
    for step in SWEEPS:
        try:
            ended_rows[step.name] = step.run(budget_s=_SWEEP_BUDGET_S)
        except (ProgImageError, Error) as error:
            log.warning("a sweep could not go on (%s)", reason_of(error), extra={"sweep": step.name})
    return ended_rows


@shared_task(name=worker_messages.RENDITIONS_TASK)
def make_renditions(rendition_ids: Sequence[int]) -> None:
    """Make renditions that wait, one after the other. Those that do not wait any more are passed over.

    After a while the rest is sent again, so that sweeps and other accounts have their turns. If the database
    is away, the rest is left to the sweep."""
    deadline = time.monotonic() + _RENDER_BUDGET_S
    for index, rendition_id in enumerate(rendition_ids):
        if index and time.monotonic() >= deadline:
            outbox.note_renditions(rendition_ids[index:])
            return
        try:
            make_ahead(rendition_id)
        except Error as error:
            log.warning("renditions are left to the sweep (%s)", reason_of(error))
            return


@shared_task
def send_waiting() -> int:
    """Send messages again for renditions that have waited too long. Return the number of renditions."""
    messages = waiting_renditions.take_due()
    release_connection()  # the broker may be slow
    for message in messages:
        worker_messages.send_renditions(message)
    return sum(len(message) for message in messages)


@shared_task(name=worker_messages.OVERVIEWS_TASK)
def make_overviews() -> int:
    """Make the overviews that wait, for a while, and return how many rows have ended.

    The message is a hint that some wait. If more are left, another one is sent. The scheduler sends one each
    minute, so a lost one does no harm."""
    try:
        return make_waiting(budget_s=_OVERVIEWS_BUDGET_S)
    except (ProgImageError, Error) as error:
        log.warning("overviews are left to the next run (%s)", reason_of(error))
        return 0
