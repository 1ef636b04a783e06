"""Files that are sent: their size is known before, and a file that has another one then is refused.

The size stands in Content-Length. Without this check httpx lets errors of its HTTP engine through."""

import io
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from progimage.errors import FileChanged, FileMissing, FileUnreadable, ParameterError

from .browser_urls import replace_surrogates

PathName = str | os.PathLike[str]
Source = PathName | bytes | IO[bytes]
"""A path, the bytes themselves, or a binary file that is open for reading, from its present position."""

OpenPart = Callable[[], AbstractContextManager[IO[bytes]]]
"""Open one part of a body at its start."""

_CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True)
class FilePart:
    """One part of a body. Each iteration yields its bytes from the start."""

    open: OpenPart
    size_bytes: int
    shown_name: str
    """How messages name the file."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield exactly `size_bytes` bytes. Raise FileChanged if there are fewer or more.

        Together with the last bytes one more is requested. So a file that has grown is noticed before the
        body is complete, and the server drops it."""
        remaining_bytes = self.size_bytes
        with reading(self.shown_name), self.open() as file:
            while chunk := file.read(_next_size(remaining_bytes)):
                remaining_bytes -= len(chunk)
                if remaining_bytes < 0:
                    raise self._changed("more")
                yield chunk
        if remaining_bytes > 0:
            raise self._changed("fewer")

    def _changed(self, comparison: str) -> FileChanged:
        return FileChanged(
            f"Expected {self.shown_name} to stay as it is while it is sent but received {comparison} bytes"
        )


def file_part(source: Source) -> FilePart:
    """Return the part that holds a source.

    Raise ParameterError if the source is of the wrong type, FileUnreadable if its file cannot be read."""
    if isinstance(source, bytes):
        return bytes_part(source)
    path = _path_of(source)
    shown_name = "the file" if path is None else repr(os.fspath(path))
    with reading(shown_name):
        open_part = _opener(source)
        with open_part() as file:
            _check_bytes(file.read(0))
            start = file.tell()
            file.seek(0, os.SEEK_END)
            size_bytes = file.tell() - start
            file.seek(start)
    return FilePart(open_part, max(0, size_bytes), shown_name)


def bytes_part(content: bytes) -> FilePart:
    return FilePart(partial(io.BytesIO, content), len(content), "the bytes")


def name_of(source: Source) -> str | None:
    """Return the file name of a source, without its folders; None if it has none."""
    path = _path_of(source)
    return None if path is None else replace_surrogates(Path(path).name)


def _path_of(source: Source) -> PathName | None:
    """Return the path of a source, or of its open file; None if it has none."""
    path = source if isinstance(source, str | os.PathLike) else getattr(source, "name", None)
    return path if isinstance(path, str | os.PathLike) else None


@contextmanager
def reading(shown_name: str) -> Iterator[None]:
    """Raise FileUnreadable or FileMissing in place of Python's own errors."""
    try:
        yield
    # ValueError: the caller has closed the file, or its name has a NUL.
    except (OSError, ValueError) as error:
        raise _unreadable(error, shown_name) from error


def _unreadable(error: OSError | ValueError, shown_name: str) -> FileUnreadable:
    error_class = FileMissing if isinstance(error, FileNotFoundError) else FileUnreadable
    reason = getattr(error, "strerror", None) or str(error)
    unreadable = error_class(f"Expected a file that can be read for {shown_name} but received: {reason}")
    if isinstance(error, OSError):
        unreadable.errno = error.errno
        unreadable.strerror = error.strerror
        unreadable.filename = error.filename
    return unreadable


def _next_size(remaining_bytes: int) -> int:
    """Return the number of bytes to read, which is one too many at the end."""
    if remaining_bytes > _CHUNK_BYTES:
        return _CHUNK_BYTES
    return remaining_bytes + 1


def _opener(source: PathName | IO[bytes]) -> OpenPart:
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        _check_kind(path)
        return lambda: path.open("rb")
    if isinstance(source, io.TextIOBase) or not _is_seekable(source):
        raise _wrong_source(type(source).__name__)
    return partial(_rewound, source, source.tell())


def _check_kind(path: Path) -> None:
    """Refuse a pipe and a device: opening one waits for a writer, and neither can be sent again."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # open() says that a directory is one
        raise _wrong_source("a pipe, a device or a socket")


def _check_bytes(chunk: object) -> None:
    """Refuse a file of text that looks like a file of bytes, such as one of codecs.open()."""
    if not isinstance(chunk, bytes | bytearray | memoryview):
        raise _wrong_source(f"a file of {type(chunk).__name__}")


def _wrong_source(received: str) -> ParameterError:
    return ParameterError(
        f"Expected a path to a regular file, bytes or a seekable file of bytes for source "
        f"but received {received}"
    )


def _is_seekable(source: object) -> bool:
    return hasattr(source, "seekable") and source.seekable()


@contextmanager
def _rewound(file: IO[bytes], start: int) -> Iterator[IO[bytes]]:
    """Rewind the caller's file. It stays open, because the caller closes it."""
    file.seek(start)
    yield file
