"""How often each rendition was delivered. Counted in memory, written every few seconds by one statement.

A process that is killed loses what it counted since; one that ends writes it."""

import logging
import os
import threading
import time
from multiprocessing import util

from django.db import Error, connection

from images.database import release_connection
from images.models import Rendition

log = logging.getLogger("progimage.hits")

_EVERY_S = 5
_MAX_RENDITIONS = 100_000
"""Of which counts are kept while the database is away: some 10 MB."""
# Rows are locked in the order of their ids, as other processes do, and none of them waits for ever.
_WRITE = """
    WITH counted AS (SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS counted (id, hits)),
    locked AS (
        SELECT id FROM images_rendition WHERE id IN (SELECT id FROM counted) ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE images_rendition
    SET hits = images_rendition.hits + counted.hits, last_accessed_at = statement_timestamp()
    FROM counted JOIN locked USING (id) WHERE images_rendition.id = counted.id
"""

_lock = threading.Lock()
_counts: dict[int, int] = {}
_has_writer = False


def count(rendition: Rendition) -> None:
    with _lock:
        _counts[rendition.pk] = _counts.get(rendition.pk, 0) + 1
    if not _has_writer:
        _start_writer()


def flush() -> None:
    """Write what this process has counted, or keep it where the database is away."""
    global _counts
    with _lock:
        taken, _counts = _counts, {}
    if not taken:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [list(taken), list(taken.values())])
    except Error:
        log.warning("hits of renditions could not be written", exc_info=True)
        _keep(taken)


def _keep(taken: dict[int, int]) -> None:
    with _lock:
        for rendition_id, hits in taken.items():
            if rendition_id in _counts or len(_counts) < _MAX_RENDITIONS:
                _counts[rendition_id] = _counts.get(rendition_id, 0) + hits


def _start_writer() -> None:
    global _has_writer  # noqa: PLW0603
    with _lock:
        if _has_writer:
            return
        _has_writer = True
    threading.Thread(target=_write_for_ever, name="hits", daemon=True).start()
    util.Finalize(None, flush, exitpriority=10)  # atexit never runs in a worker of granian


def _write_for_ever() -> None:
    while True:
        time.sleep(_EVERY_S)
        flush()
        release_connection()


def _after_fork() -> None:
    """The counts are the parent's to write, and so is the thread."""
    global _lock, _counts, _has_writer
    _lock, _counts, _has_writer = threading.Lock(), {}, False


os.register_at_fork(after_in_child=_after_fork)
