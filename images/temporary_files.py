"""Temporary files: bodies that arrive, originals that are rendered, results that are stored.

They go when they are closed. What a killed process leaves is removed by the next one that starts here."""

import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from django.conf import settings

_PREFIX = "progimage-"
_MAX_AGE_S = 3_600
"""Nothing needs a file by its path for so long after the last byte was written to it."""


def new_file() -> IO[bytes]:
    """Return an empty file with a path, which is removed when it is closed."""
    return tempfile.NamedTemporaryFile(dir=settings.TEMP_DIR, prefix=_PREFIX)


def sweep() -> int:
    """Remove what was left behind, and return how many files that were."""
    oldest, swept = time.time() - _MAX_AGE_S, 0
    for path in Path(settings.TEMP_DIR or tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError, PermissionError):
            if path.is_file() and path.stat().st_mtime < oldest:
                path.unlink()
                swept += 1
    return swept
