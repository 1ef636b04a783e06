"""What an upload sends: bytes of known length and hash that can be sent again from their start."""

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
"""A path, the bytes themselves, or a file of bytes that is open for reading, read from where it stands."""

_CHUNK_BYTES = 64 * 1024
_MAX_CONCURRENCY = 100
"""The connections that httpx keeps at once."""


@dataclass(frozen=True)
class Body:
    """Iterating it sends it; iterating it again, from its start."""

    parts: tuple[Callable[[], AbstractContextManager[IO[bytes]]], ...]
    headers: dict[str, str]

    def __iter__(self) -> Iterator[bytes]:
        for part in self.parts:
            with part() as file:
                while chunk := file.read(_CHUNK_BYTES):
                    yield chunk


def raw_body(source: Source) -> Body:
    """Return `source` as a body by itself. Raises ParameterError, and OSError for a file that cannot be read.

    A file is read twice, for its hash has to stand before it; the second time it comes from the system's
    cache. 25 MB take 25 ms to hash, and a file that changes in between is refused instead of stored."""
    body = Body((_opener(source),), {"Content-Type": "image/unknown"})  # the server looks at the bytes alone
    digest, size_bytes = hashlib.sha256(), 0
    for chunk in body:
        digest.update(chunk)
        size_bytes += len(chunk)
    hashed = {"Repr-Digest": f"sha-256=:{b64encode(digest.digest()).decode()}:"}
    return Body(body.parts, body.headers | {"Content-Length": str(size_bytes)} | hashed)


def form_body(raw: Body, fields: Iterable[tuple[str, str]]) -> Body:
    """Return a form (RFC 7578) of `fields` and of `raw` as its part named file."""
    boundary = token_hex(16)
    opening = f"--{boundary}\r\nContent-Disposition: form-data; name="
    texts = "".join(f'{opening}"{name}"\r\n\r\n{value}\r\n' for name, value in fields)
    head = f'{texts}{opening}"file"; filename="image"\r\nContent-Type: image/unknown\r\n\r\n'.encode()
    tail = f"\r\n--{boundary}--\r\n".encode()
    size_bytes = len(head) + int(raw.headers["Content-Length"]) + len(tail)
    return Body(
        (partial(io.BytesIO, head), *raw.parts, partial(io.BytesIO, tail)),
        {"Content-Type": f"multipart/form-data; boundary={boundary}", "Content-Length": str(size_bytes)},
    )


def name_of(source: Source) -> str | None:
    """Return the file name of a source, without its folders; None where it has none."""
    path = source if isinstance(source, str | os.PathLike) else getattr(source, "name", None)
    if not isinstance(path, str | os.PathLike):
        return None
    return os.fsencode(Path(path).name).decode(errors="replace")


def draw(sources: Iterable[Source], *, concurrency: int, failures: list[Exception]) -> Iterator[Source]:
    """Yield sources until they end or fail. A failure is put aside, to be raised when the others are done."""
    if not 1 <= concurrency <= _MAX_CONCURRENCY:
        raise ParameterError(f"Expected 1 to {_MAX_CONCURRENCY} for concurrency but received {concurrency}")
    return _draw(sources, failures)


def _opener(source: Source) -> Callable[[], AbstractContextManager[IO[bytes]]]:
    if isinstance(source, bytes):
        return partial(io.BytesIO, source)
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        return lambda: path.open("rb")
    if isinstance(source, io.TextIOBase) or not (hasattr(source, "seekable") and source.seekable()):
        raise ParameterError(
            "Expected a path, bytes or a seekable file of bytes for source "
            f"but received {type(source).__name__}"
        )
    return partial(_rewound, source, source.tell())


@contextmanager
def _rewound(file: IO[bytes], start: int) -> Iterator[IO[bytes]]:
    """The caller's file, which stays open: it is the caller's to close."""
    file.seek(start)
    yield file


def _draw(sources: Iterable[Source], failures: list[Exception]) -> Iterator[Source]:
    try:
        yield from sources
    except Exception as error:  # noqa: BLE001 - the caller's iterable may raise whatever it likes
        failures.append(error)
