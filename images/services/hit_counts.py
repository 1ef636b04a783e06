"""How often each rendition was delivered: counted in memory, and written every few seconds by one statement.

A process that ends writes its counts. A process that is killed loses those since the last write."""

import logging
import os
from multiprocessing import util
from threading import Lock

from django.db import Error, connection

from images.database import reason_of
from images.models import Rendition
from images.periodic_thread import PeriodicThread

log = logging.getLogger("progimage.hits")

_MAX_RENDITIONS = 100_000
"""So many renditions are counted while the database is away: some 10 MB."""
# Every process locks rows in the order of their ids, so that none waits for another for ever.
_WRITE = """
    WITH counted AS (SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS counted (id, hits)),
    locked AS (
        SELECT id FROM images_rendition WHERE id IN (SELECT id FROM counted) ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE images_rendition
    SET hits = images_rendition.hits + counted.hits, last_accessed_at = statement_timestamp()
    FROM counted JOIN locked USING (id) WHERE images_rendition.id = counted.id
"""

_writer = PeriodicThread("hits", every_s=5)
_lock = Lock()
_counts: dict[int, int] = {}


def count(rendition: Rendition) -> None:
    """Count one delivery. A rendition that was purged before it could be kept has no row to count for."""
    if rendition.pk is not None:
        count_row(rendition.pk)


def count_row(rendition_id: int) -> None:
    """Count one delivery of the rendition with this id."""
    with _lock:
        _counts[rendition_id] = _counts.get(rendition_id, 0) + 1
    if not _writer.is_started and _writer.start(flush):
        util.Finalize(None, flush, exitpriority=10)  # atexit never runs in a worker of granian


def flush() -> None:
    """Write this process's counts, or keep them if the database is away."""
    global _counts  # noqa: PLW0603
    with _lock:
        counts = _counts
        _counts = {}
    if not counts:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [list(counts), list(counts.values())])
    except Error as error:
        log.warning("hits of renditions could not be written (%s)", reason_of(error))
        _keep(counts)


def _keep(counts: dict[int, int]) -> None:
    """Add counts that could not be written to those of the next write."""
    with _lock:
        for rendition_id, hits in counts.items():
            if rendition_id in _counts or len(_counts) < _MAX_RENDITIONS:
                _counts[rendition_id] = _counts.get(rendition_id, 0) + hits


def _after_fork() -> None:
    """Start from nothing in a forked process: its parent writes the counts that it has inherited."""
    global _lock, _counts  # noqa: PLW0603
    _lock = Lock()
    _counts = {}


os.register_at_fork(after_in_child=_after_fork)
