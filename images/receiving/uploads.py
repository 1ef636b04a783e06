"""From the body of a request to a file on this machine, in chunks: counted, hashed, never whole in memory."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest

from images import temporary_files
from images.database import release_connection
from progimage.errors import BodyTooLarge, LengthRequired, ParameterError, UnsupportedFormat

from .digests import check_digests

_LENGTH = re.compile(r"[0-9]{1,18}")
_SEPARATORS = re.compile(r"[/\\]")
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True)
class Upload:
    """A body that has arrived. `filename` is what a form calls it, unchecked and never part of a path."""

    path: Path
    size_bytes: int
    sha256: str
    filename: str = ""


class Spool:
    """A temporary file that counts and hashes what is written to it."""

    def __init__(self) -> None:
        self.file = temporary_files.new_file()
        self.size_bytes = 0
        self._hash = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        self.size_bytes += len(chunk)
        self._hash.update(chunk)
        if self.size_bytes > settings.MAX_UPLOAD_BYTES:
            raise too_large()
        self.file.write(chunk)

    def finish(self, filename: str = "") -> Upload:
        self.file.flush()
        return Upload(Path(self.file.name), self.size_bytes, self._hash.hexdigest(), filename)


@contextmanager
def spooled(chunks: Iterable[bytes]) -> Iterator[Upload]:
    """The file is there as long as the context lasts. Raises BodyTooLarge."""
    release_connection()
    spool = Spool()
    with spool.file:
        for chunk in chunks:
            spool.write(chunk)
        yield spool.finish()


def upload_of_file(path: Path) -> Upload:
    """Return a file of this machine as if it had been uploaded."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Upload(path, path.stat().st_size, digest, path.name)


def check_body(request: HttpRequest, *, max_bytes: int) -> None:
    """Refuse what is known to be wrong before a byte of the body is read.

    Raises LengthRequired, BodyTooLarge or UnsupportedFormat."""
    length = request.headers.get("Content-Length", "")
    if not _LENGTH.fullmatch(length):
        # WSGI would read a body of unknown length as an empty one.
        raise LengthRequired("Expected a Content-Length; chunked bodies are not taken")
    if int(length) > max_bytes:
        raise BodyTooLarge(f"Expected a body of at most {max_bytes} bytes but received {length}")
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise UnsupportedFormat(f"Expected a body without Content-Encoding but received {encoding[:30]!r}")


@contextmanager
def receive_raw(request: HttpRequest) -> Iterator[Upload]:
    """The body itself is the image, held to its digests. The file is there as long as the context lasts.

    Raises ParameterError for a body that is not what its headers say."""
    expected = int(request.headers["Content-Length"])
    with spooled(iter(partial(request.read, CHUNK_BYTES), b"")) as upload:
        if upload.size_bytes != expected:
            raise ParameterError(f"Expected a body of {expected} bytes but received {upload.size_bytes}")
        check_digests(request.headers, upload.sha256)
        yield upload


def plain_name(text: str) -> str:
    """Return what a sender calls a file, without folders and what cannot be shown; it may be nothing."""
    name = "".join(character for character in _SEPARATORS.split(text)[-1] if character.isprintable())
    return "" if name in (".", "..") else name


def too_large() -> BodyTooLarge:
    return BodyTooLarge(f"Expected an image of at most {settings.MAX_UPLOAD_BYTES} bytes")
