"""Temporary files: request bodies, originals that are rendered, results that are stored.

A file is removed when it is closed. If a process is killed, its files stay until another process of this
machine finds them an hour old: it looks for them at its start, and every ten minutes."""

import logging
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import IO

from django.conf import settings

from .periodic_thread import PeriodicThread

log = logging.getLogger("progimage.temporary_files")

_PREFIX = "progimage-"
_MAX_AGE_S = 3_600
"""No request, render or download uses a file for that long after the last byte was written to it."""


def new_file() -> IO[bytes]:
    """Return an empty file with a path. Closing it removes it."""
    return tempfile.NamedTemporaryFile(dir=settings.TEMP_DIR, prefix=_PREFIX)


def new_path() -> Path:
    """Return the path of a file that another process may make. The caller removes it."""
    folder = settings.TEMP_DIR or tempfile.gettempdir()
    return Path(folder, f"{_PREFIX}{token_hex(8)}")


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
    """Sweep for as long as this process lives. Every machine has a folder of its own."""
    _sweeper.start(_sweep_again)


def _sweep_again() -> None:
    try:
        removed = sweep()
    except OSError as error:
        log.warning("temporary files could not be swept (%s)", error.strerror)
        return
    if removed:
        log.info("removed temporary files of killed processes", extra={"files": removed})


_sweeper = PeriodicThread("temporary files", every_s=600)
