"""Receivers of a response's body: in memory, or in a file that appears complete or not at all."""

import hashlib
import io
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Generic, TypeVar

from progimage.errors import ConnectionFailed

from .destinations import open_destination

T = TypeVar("T")

_SHA256 = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):")


class Receiver(Generic[T]):
    """Write a response's body to a file chunk by chunk, and hash it."""

    def __init__(self, file: IO[bytes], finish: Callable[[], T]) -> None:
        self._file = file
        self._finish = finish
        self._digest = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        self._file.write(chunk)

    def finish(self, headers: Mapping[str, str]) -> T:
        """Return the result. Raise ConnectionFailed if the bytes do not match Repr-Digest (RFC 9530).

        It may wait, for example until another process reads a pipe."""
        digest = b64encode(self._digest.digest()).decode()
        header = headers.get("Repr-Digest", "")
        promise = _SHA256.search(header)
        if promise and promise[1] != digest:
            raise ConnectionFailed("Expected the bytes that Repr-Digest names but received others")
        return self._finish()


@contextmanager
def into_memory(read: Callable[[bytes], T]) -> Iterator[Receiver[T]]:
    """Receive a response into memory; `read` makes the result from its bytes."""
    buffer = io.BytesIO()
    yield Receiver(buffer, lambda: read(buffer.getvalue()))


@contextmanager
def into_file(path: Path, read: Callable[[IO[bytes]], T]) -> Iterator[Receiver[T]]:
    """Receive a response into the file `path`, over an existing one.

    `read` makes the result from the complete file, before the file appears under its name."""
    with open_destination(path) as destination:

        def finish() -> T:
            result = read(destination.file)
            destination.deliver()
            return result

        yield Receiver(destination.file, finish)
