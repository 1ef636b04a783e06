"""Temporary files: request bodies, originals that are rendered, results that are stored.

A file is removed when it is closed. If a process is killed, its files stay until another process of this
machine finds them an hour old: it looks for them at its start, and every ten minutes."""

import logging
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from django.conf import settings

log = logging.getLogger("progimage.temporary_files")

_PREFIX = "progimage-"
_MAX_AGE_S = 3_600
"""No request, render or download uses a file for that long after the last byte was written to it."""

_SWEEP_EVERY_S = 600


def new_file() -> IO[bytes]:
    """Return an empty file with a path. Closing it removes it."""
    return tempfile.NamedTemporaryFile(dir=settings.TEMP_DIR, prefix=_PREFIX)


def sweep() -> int:
    """Remove the files that killed processes have left, and return how many were removed."""
    oldest_allowed = time.time() - _MAX_AGE_S
    folder = Path(settings.TEMP_DIR or tempfile.gettempdir())
    removed = 0
    for path in folder.glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError, PermissionError):
            if path.is_file() and path.stat().st_mtime < oldest_allowed:
                path.unlink()
                removed += 1
    return removed


def keep_swept() -> None:
    """Start a thread that sweeps for as long as this process lives. Every machine has a folder of its own."""
    threading.Thread(target=_sweep_for_ever, name="temporary files", daemon=True).start()


def _sweep_for_ever() -> None:
    while True:
        time.sleep(_SWEEP_EVERY_S)
        try:
            removed = sweep()
        except OSError as error:
            log.warning("temporary files could not be swept (%s)", error.strerror)
            continue
        if removed:
            log.info("removed temporary files of killed processes", extra={"files": removed})
