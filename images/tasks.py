"""What happens without a request. Rows are the truth: a task that is lost or done twice does no harm."""

import logging

from celery import shared_task
from django.db import Error

from images.upkeep.sweeps import SWEEPS
from progimage.errors import ProgImageError

log = logging.getLogger("progimage.sweep")

_FOR_S = 10
"""Of each sweep: all of them together take no longer than the time between two runs."""


@shared_task
def sweep() -> dict[str, int]:
    """Run every sweep for a while, and return how many rows each has ended. One that fails stops no other.

    A message that finds no worker within a minute is dropped: the next one asks for the same."""
    ended = {}
    for one in SWEEPS:
        try:
            ended[one.name] = one.run(budget_s=_FOR_S)
        except (ProgImageError, Error):
            log.warning("a sweep could not go on", exc_info=True, extra={"sweep": one.name})
    return ended
