"""From the body of a request to a file on this machine, in chunks: counted, hashed, never whole in memory."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from rest_framework.request import Request

from progimage.errors import BodyTooLarge, LengthRequired, ParameterError, UnsupportedFormat

from . import temporary

_LENGTH = re.compile(r"[0-9]{1,18}")
CHUNK_BYTES = 64 * 1024
FORM_OVERHEAD_BYTES = 1_100_000
"""What a form may hold beside the file: its text fields, boundaries and part headers."""


@dataclass(frozen=True)
class Upload:
    """A body that has arrived. `filename` is what a form calls it, unchecked and never part of a path."""

    path: Path
    size_bytes: int
    sha256: str
    filename: str = ""


class _Spool:
    """A temporary file that counts and hashes what is written to it."""

    def __init__(self) -> None:
        self.file = temporary.new_file()
        self.size_bytes = 0
        self._hash = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        self.size_bytes += len(chunk)
        if self.size_bytes > settings.MAX_UPLOAD_BYTES:
            raise _too_large()
        self._hash.update(chunk)
        self.file.write(chunk)

    def finish(self, filename: str = "") -> Upload:
        self.file.flush()
        return Upload(Path(self.file.name), self.size_bytes, self._hash.hexdigest(), filename)


class SpoolHandler(FileUploadHandler):
    """Django's door for the files of a form: each goes to a spool of its own.

    The form's receiver closes them all: Django itself closes those alone that arrived whole."""

    chunk_size = CHUNK_BYTES

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.spools: list[_Spool] = []

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.spools.append(_Spool())

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.spools[-1].write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        spool = self.spools[-1]
        uploaded = UploadedFile(spool.file, self.file_name, size=file_size)
        uploaded.upload = spool.finish(self.file_name or "")  # type: ignore[attr-defined]
        return uploaded


def upload_of_file(path: Path) -> Upload:
    """Return a file of this machine as if it had been uploaded."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Upload(path, path.stat().st_size, digest, path.name)


def check_body(request: Request) -> None:
    """Refuse what is known to be wrong before a byte of the body is read.

    Raises LengthRequired, BodyTooLarge or UnsupportedFormat."""
    length = request.headers.get("Content-Length", "")
    if not _LENGTH.fullmatch(length):
        # WSGI would read a body of unknown length as an empty one.
        raise LengthRequired("Expected a Content-Length; chunked bodies are not taken")
    if int(length) > settings.MAX_UPLOAD_BYTES + FORM_OVERHEAD_BYTES:
        raise _too_large()
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise UnsupportedFormat(f"Expected a body without Content-Encoding but received {encoding[:30]!r}")


@contextmanager
def receive_raw(request: Request) -> Iterator[Upload]:
    """The body itself is the image. The file is there as long as the context lasts."""
    expected = int(request.headers["Content-Length"])
    if expected > settings.MAX_UPLOAD_BYTES:
        raise _too_large()
    spool = _Spool()
    with spool.file:
        body = request._request  # noqa: SLF001 - DRF's own stream is None for an empty body
        while chunk := body.read(CHUNK_BYTES):
            spool.write(chunk)
        if spool.size_bytes != expected:
            raise ParameterError(f"Expected a body of {expected} bytes but received {spool.size_bytes}")
        yield spool.finish()


@contextmanager
def receive_form(request: Request) -> Iterator[Upload]:
    """The image is the part `file` of a form. The file is there as long as the context lasts."""
    handler = SpoolHandler(request._request)  # noqa: SLF001
    request._request.upload_handlers = [handler]  # noqa: SLF001 - to be set before the form is parsed
    try:
        yield _only_file(request)
    finally:
        for spool in handler.spools:
            spool.file.close()


def _only_file(request: Request) -> Upload:
    files = request.FILES.getlist("file")
    others = [name for name in request.FILES if name != "file"]
    if len(files) != 1 or others:
        received = others[0][:60] if others else f"{len(files)} files"
        raise ParameterError(f"Expected one part named file but received {received!r}", pointer="/file")
    upload: Upload = files[0].upload
    return upload


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(f"Expected an image of at most {settings.MAX_UPLOAD_BYTES} bytes")
