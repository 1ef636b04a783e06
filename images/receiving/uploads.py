"""From a request body to a file on this machine. A body is read, counted and hashed in chunks."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings
from django.http import HttpRequest

from images import temporary_files
from images.database import release_connection
from progimage.errors import BodyTooLarge, LengthRequired, ParameterError, UnsupportedFormat

from .digests import check_digests

_LENGTH = re.compile(r"[0-9]{1,18}")
CHUNK_BYTES = 64 * 1024
_MAX_CHUNK_BYTES = 256 * 1024
"""Each read of a body takes as much work as to hash 16 KB. Each thread that receives holds one chunk."""


@dataclass(frozen=True)
class Upload:
    """A body that has arrived. The client chose `filename`: it is unchecked and never part of a path."""

    path: Path
    size_bytes: int
    sha256: str
    filename: str = ""


class Spool:
    """A temporary file that counts and hashes the bytes that are written to it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.size_bytes = 0
        self._hash = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        """Raise BodyTooLarge if the file would become larger than an upload may be."""
        self.size_bytes += len(chunk)
        self._hash.update(chunk)
        if self.size_bytes > settings.MAX_UPLOAD_BYTES:
            raise too_large()
        self.file.write(chunk)

    def finish(self, filename: str = "") -> Upload:
        self.file.flush()
        return Upload(Path(self.file.name), self.size_bytes, self._hash.hexdigest(), filename)


class SpoolStack(ExitStack):
    """The spools of one body or one download. Their files are removed when the context ends.

    Creating it returns this thread's database connection to the pool: a sender may be slow."""

    def __init__(self) -> None:
        release_connection()
        super().__init__()

    def new_spool(self) -> Spool:
        file = self.enter_context(temporary_files.new_file())
        return Spool(file)


@contextmanager
def spooled(chunks: Iterable[bytes]) -> Iterator[Upload]:
    """Yield a file with the chunks, which exists during the context. Raise BodyTooLarge."""
    with SpoolStack() as spools:
        spool = spools.new_spool()
        for chunk in chunks:
            spool.write(chunk)
        yield spool.finish()


def upload_of_file(path: Path) -> Upload:
    """Return a file of this machine as an upload."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    size_bytes = path.stat().st_size
    return Upload(path, size_bytes, sha256, path.name)


def read_length(text: str) -> int | None:
    """Return the value of a Content-Length; None if the text is no length."""
    return int(text) if _LENGTH.fullmatch(text) else None


def check_body(request: HttpRequest, *, max_bytes: int) -> None:
    """Refuse a body by its headers, before a byte of it is read.

    Raise LengthRequired, BodyTooLarge or UnsupportedFormat."""
    length = read_length(request.headers.get("Content-Length", ""))
    if length is None:
        # WSGI would read a body of unknown length as an empty one.
        raise LengthRequired("Expected a Content-Length but received a body without one, perhaps chunked")
    if length > max_bytes:
        raise BodyTooLarge(f"Expected a body of at most {max_bytes} bytes but received {length}")
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise UnsupportedFormat(f"Expected a body without Content-Encoding but received {encoding[:30]!r}")


@contextmanager
def receive_raw(request: HttpRequest) -> Iterator[Upload]:
    """Yield a body that is itself the image. The file exists during the context.

    Raise BodyTooLarge, or ParameterError if the body has not the length or the digests of its headers."""
    expected_bytes = int(request.headers["Content-Length"])
    with spooled(_read_chunks(request)) as upload:
        if upload.size_bytes != expected_bytes:
            raise ParameterError(
                f"Expected a body of {expected_bytes} bytes but received {upload.size_bytes}"
            )
        check_digests(request.headers, upload.sha256)
        yield upload


def _read_chunks(request: HttpRequest) -> Iterator[bytes]:
    """Read a body to its end. The chunks of a sender that may be slow are small, because a read waits for all
    of its chunk, and nothing counts until it has come."""
    max_bytes = CHUNK_BYTES
    while chunk := request.read(max_bytes):
        yield chunk
        max_bytes = min(2 * max_bytes, _MAX_CHUNK_BYTES)


def too_large() -> BodyTooLarge:
    return BodyTooLarge(f"Expected an image of at most {settings.MAX_UPLOAD_BYTES} bytes")
