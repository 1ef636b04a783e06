"""Destinations of a response that is written to a file.

A regular file is replaced by a rename, so that it is complete at each moment. Links to it stay. Devices,
pipes and open descriptors, such as /dev/stdout, are written to when all bytes have arrived."""

import errno
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryFile
from typing import IO

_COMMON = 0o666
"""The mode of a new file, from which the process's umask is taken."""
_SECRET = 0o600
"""The mode of a file until it has the permissions of the file that it replaces."""
_MAX_LINKS = 40
"""Linux follows as many links of one path."""


@dataclass(frozen=True)
class Destination:
    """A temporary file, and the function that brings its content to its destination."""

    file: IO[bytes]
    deliver: Callable[[], None]


def open_destination(path: Path) -> AbstractContextManager[Destination]:
    """Return a context with the destination `path`. Nothing is left of it unless `deliver` was called.

    The context raises OSError if the path cannot be written to, as open() does."""
    descriptor = _find_descriptor(path)
    if descriptor is not None:
        os.fstat(descriptor)  # raises OSError if it is closed
        return _stream(partial(os.dup, descriptor))
    status = _find_status(path)
    if status is None or stat.S_ISREG(status.st_mode):
        return _regular_file(path, status)
    _check_writable(path, status)
    return _stream(partial(os.open, path, os.O_WRONLY))


def _find_descriptor(path: Path) -> int | None:
    """Return the number of this process's descriptor that a path such as /dev/stdout names; None for another.

    If the descriptor's file is a regular one, the path leads to it. But a shell that redirects into that file
    goes on writing to the open descriptor, perhaps at the end. So the file must not be replaced."""
    own_descriptor = re.compile(rf"/(?:dev|proc/self|proc/{os.getpid()})/fd/([0-9]{{1,9}})")
    current = os.path.abspath(path)  # noqa: PTH100 - it must not follow links
    for _ in range(_MAX_LINKS):
        match = own_descriptor.fullmatch(current)
        if match:
            return int(match[1])
        if not os.path.islink(current):  # noqa: PTH114
            return None
        target = os.readlink(current)  # noqa: PTH115
        current = os.path.normpath(os.path.join(os.path.dirname(current), target))  # noqa: PTH118, PTH120
    return None


def _find_status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _check_writable(path: Path, status: os.stat_result) -> None:
    """Raise the error of open() now, before a request is sent."""
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


@contextmanager
def _regular_file(path: Path, status: os.stat_result | None) -> Iterator[Destination]:
    """Write beside the file that `path` leads to, and rename. The file's owner and permissions are kept."""
    if status is not None:
        _check_writable(path, status)
    target = Path(os.path.realpath(path))
    temporary_path = target.with_name(f".progimage-{token_hex(8)}")
    temporary_path.touch(_SECRET if status else _COMMON, exist_ok=False)
    try:
        with temporary_path.open("r+b") as file:
            if status is not None:
                _copy_permissions(file, status)

            def deliver() -> None:
                file.close()  # Windows renames no open file.
                temporary_path.replace(target)

            yield Destination(file, deliver)
    finally:
        temporary_path.unlink(missing_ok=True)


@contextmanager
def _stream(open_descriptor: Callable[[], int]) -> Iterator[Destination]:
    """Keep the bytes in a temporary file without a name until all have arrived."""
    with TemporaryFile() as file:

        def deliver() -> None:
            file.seek(0)
            with os.fdopen(open_descriptor(), "wb") as output:
                shutil.copyfileobj(file, output)

        yield Destination(file, deliver)


def _copy_permissions(file: IO[bytes], status: os.stat_result) -> None:
    if os.name != "posix":
        return
    with suppress(PermissionError):  # Only an administrator may give a file away. Then it is the caller's.
        os.fchown(file.fileno(), status.st_uid, status.st_gid)
    os.fchmod(file.fileno(), stat.S_IMODE(status.st_mode) & 0o777)
