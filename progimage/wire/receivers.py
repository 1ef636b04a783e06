"""Where the body of an answer goes: to memory, or to a file that appears whole or not at all."""

import hashlib
import io
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import IO, Generic, TypeVar

from progimage.errors import ConnectionFailed

T = TypeVar("T")

_SHA256 = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):")


class Receiver(Generic[T]):
    """Takes an answer's body chunk by chunk, and hashes it on the way."""

    def __init__(self, file: IO[bytes], read: Callable[[], T]) -> None:
        self._file = file
        self._read = read
        self._digest = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        self._file.write(chunk)

    def finish(self, headers: Mapping[str, str]) -> T:
        """Return the result. Raises ConnectionFailed where the bytes are not those that Repr-Digest names
        (RFC 9530)."""
        sent = _SHA256.search(headers.get("Repr-Digest", ""))
        if sent and sent[1] != b64encode(self._digest.digest()).decode():
            raise ConnectionFailed("Expected the bytes that Repr-Digest names but received others")
        return self._read()


@contextmanager
def into_memory(read: Callable[[bytes], T]) -> Iterator[Receiver[T]]:
    buffer = io.BytesIO()
    yield Receiver(buffer, lambda: read(buffer.getvalue()))


@contextmanager
def into_file(path: Path, read: Callable[[IO[bytes]], T]) -> Iterator[Receiver[T]]:
    """Write beside `path`, and take its name at the end, over a file that has it.

    `read` is given the file when all is in it, and makes the result."""
    partial = path.with_name(f".progimage-{token_hex(8)}")
    try:
        with partial.open("x+b") as file:
            yield Receiver(file, lambda: read(file))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
