"""Bodies of uploads: bytes of known length and hash, which a retry can send again from their start."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from secrets import token_hex

from progimage.errors import ParameterError

from .files import FilePart, Source, bytes_part, file_part

_MAX_CONCURRENCY = 100
"""httpx keeps as many connections at once."""

_MEDIA_TYPE = "image/unknown"
"""The server goes by the bytes alone."""


@dataclass(frozen=True)
class Body:
    """A body in parts, and its headers. Each iteration yields its bytes from the start."""

    parts: tuple[FilePart, ...]
    headers: dict[str, str]

    def __iter__(self) -> Iterator[bytes]:
        for part in self.parts:
            yield from part


def raw_body(source: Source) -> Body:
    """Return a body that is the source alone.

    Raise ParameterError if the source is of the wrong type, FileUnreadable if its file cannot be read. The
    file is read twice, because its hash is sent before its bytes; the second time it comes from the system's
    cache. Hashing 25 MB takes 25 ms. If the bytes change in between, the server refuses them."""
    part = file_part(source)
    digest = hashlib.sha256()
    for chunk in part:
        digest.update(chunk)
    digest_text = b64encode(digest.digest()).decode()
    headers = {
        "Content-Type": _MEDIA_TYPE,
        "Content-Length": str(part.size_bytes),
        "Repr-Digest": f"sha-256=:{digest_text}:",
    }
    return Body((part,), headers)


def form_body(fields: Iterable[tuple[str, str]], files: Mapping[str, FilePart]) -> Body:
    """Return a form (RFC 7578) of text fields and of files by the names of their parts."""
    boundary = token_hex(16)
    opening = f"--{boundary}\r\nContent-Disposition: form-data; name="
    texts = "".join(f'{opening}"{name}"\r\n\r\n{value}\r\n' for name, value in fields)
    parts = [bytes_part(texts.encode())]
    for name, file in files.items():
        head = f'{opening}"{name}"; filename="image"\r\nContent-Type: {_MEDIA_TYPE}\r\n\r\n'
        parts += [bytes_part(head.encode()), file, bytes_part(b"\r\n")]
    parts.append(bytes_part(f"--{boundary}--\r\n".encode()))
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Content-Length": str(sum(part.size_bytes for part in parts)),
    }
    return Body(tuple(parts), headers)


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
