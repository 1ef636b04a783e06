"""Bodies of uploads: bytes of known length and hash, which a retry can send again from their start."""

import hashlib
import io
import os
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import IO

from progimage.errors import ParameterError

PathName = str | os.PathLike[str]
Source = PathName | bytes | IO[bytes]
"""A path, the bytes themselves, or a binary file that is open for reading, from its present position."""

OpenPart = Callable[[], AbstractContextManager[IO[bytes]]]
"""Open one part of a body at its start."""

_CHUNK_BYTES = 64 * 1024
_MAX_CONCURRENCY = 100
"""httpx keeps as many connections at once."""


@dataclass(frozen=True)
class Body:
    """A body in parts, and its headers. Each iteration yields its bytes from the start."""

    parts: tuple[OpenPart, ...]
    headers: dict[str, str]

    def __iter__(self) -> Iterator[bytes]:
        for open_part in self.parts:
            with open_part() as file:
                while chunk := file.read(_CHUNK_BYTES):
                    yield chunk


def raw_body(source: Source) -> Body:
    """Return a body that is the source alone.

    Raise ParameterError if the source is of the wrong type, OSError if its file cannot be read. The file is
    read twice, because its hash is sent before its bytes; the second time it comes from the system's cache.
    Hashing 25 MB takes 25 ms. If the file changes in between, the server refuses it."""
    parts = (_opener(source),)
    digest = hashlib.sha256()
    size_bytes = 0
    for chunk in Body(parts, headers={}):
        digest.update(chunk)
        size_bytes += len(chunk)
    digest_text = b64encode(digest.digest()).decode()
    headers = {
        "Content-Type": "image/unknown",  # The server goes by the bytes alone.
        "Content-Length": str(size_bytes),
        "Repr-Digest": f"sha-256=:{digest_text}:",
    }
    return Body(parts, headers)


def form_body(raw: Body, fields: Iterable[tuple[str, str]]) -> Body:
    """Return a form (RFC 7578) of text fields, with `raw` as its part named file."""
    boundary = token_hex(16)
    opening = f"--{boundary}\r\nContent-Disposition: form-data; name="
    texts = "".join(f'{opening}"{name}"\r\n\r\n{value}\r\n' for name, value in fields)
    file_opening = f'{opening}"file"; filename="image"\r\nContent-Type: image/unknown\r\n\r\n'
    head = f"{texts}{file_opening}".encode()
    tail = f"\r\n--{boundary}--\r\n".encode()
    parts: tuple[OpenPart, ...] = (
        partial(io.BytesIO, head),
        *raw.parts,
        partial(io.BytesIO, tail),
    )
    size_bytes = len(head) + int(raw.headers["Content-Length"]) + len(tail)
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Content-Length": str(size_bytes),
    }
    return Body(parts, headers)


def name_of(source: Source) -> str | None:
    """Return the file name of a source, without its folders; None if it has none."""
    path = source if isinstance(source, str | os.PathLike) else getattr(source, "name", None)
    if not isinstance(path, str | os.PathLike):
        return None
    name = os.fsencode(Path(path).name)
    return name.decode(errors="replace")


def draw_sources(
    sources: Iterable[Source],
    *,
    concurrency: int,
    failures: list[Exception],
) -> Iterator[Source]:
    """Yield sources until they end or the iterable fails.

    The failure is added to `failures`: the caller raises it when the running uploads have ended. Raise
    ParameterError if `concurrency` is out of range."""
    if not 1 <= concurrency <= _MAX_CONCURRENCY:
        raise ParameterError(f"Expected 1 to {_MAX_CONCURRENCY} for concurrency but received {concurrency}")
    return _draw(sources, failures)


def _draw(sources: Iterable[Source], failures: list[Exception]) -> Iterator[Source]:
    try:
        yield from sources
    except Exception as error:  # noqa: BLE001 - the caller's iterable may raise anything
        failures.append(error)


def _opener(source: Source) -> OpenPart:
    if isinstance(source, bytes):
        return partial(io.BytesIO, source)
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        return lambda: path.open("rb")
    if isinstance(source, io.TextIOBase) or not _is_seekable(source):
        kind = type(source).__name__
        raise ParameterError(
            f"Expected a path, bytes or a seekable file of bytes for source but received {kind}"
        )
    return partial(_rewound, source, source.tell())


def _is_seekable(source: object) -> bool:
    return hasattr(source, "seekable") and source.seekable()


@contextmanager
def _rewound(file: IO[bytes], start: int) -> Iterator[IO[bytes]]:
    """Rewind the caller's file. It stays open, because the caller closes it."""
    file.seek(start)
    yield file
