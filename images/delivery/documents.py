"""Documents that are the same for every client: made once in a process, and sent as bytes.

    catalogue = Once(lambda: Document(json.dumps(schema).encode(), media_type="application/schema+json"))
    response = catalogue.get().respond(request.headers)

A document needs no database."""

import gzip
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from threading import Lock
from typing import Generic, TypeVar

from django.http import HttpResponse, HttpResponseNotModified

from .conditions import check_if_match, is_not_modified

ValueT = TypeVar("ValueT")

_ZERO_QUALITY = re.compile(r"\s*q\s*=\s*0(\.0{0,3})?\s*", re.IGNORECASE)


class Once(Generic[ValueT]):
    """A value that the first thread to need it makes. Other threads that come meanwhile wait for it.

    functools.cache would let each of them make a value of its own. If `make` raises, the next thread tries
    again."""

    def __init__(self, make: Callable[[], ValueT]) -> None:
        self._make = make
        self._lock = Lock()
        self._values: list[ValueT] = []

    def get(self) -> ValueT:
        if not self._values:
            with self._lock:
                if not self._values:
                    self._values.append(self._make())
        return self._values[0]


@dataclass(frozen=True, kw_only=True)
class Document:
    """The bytes of a document, with a gzip variant.

    The variants have different ETags, because a strong ETag names bytes (RFC 9110, section 8.8.3)."""

    content: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        return sha256(self.content).hexdigest()

    @cached_property
    def compressed(self) -> bytes:
        """The same in every process, because no time stands in it."""
        return gzip.compress(self.content, mtime=0)

    def respond(self, request_headers: Mapping[str, str]) -> HttpResponse:
        """Return a response with the document, or 304 if the client has it. Raise PreconditionFailed."""
        is_compressed = accepts_gzip(request_headers.get("Accept-Encoding", ""))
        etag = f'"{self.digest}-gzip"' if is_compressed else f'"{self.digest}"'
        headers = {"Cache-Control": "public, no-cache", "Vary": "Accept-Encoding", "ETag": etag}
        check_if_match(request_headers, etag)
        if is_not_modified(request_headers, etag):
            return HttpResponseNotModified(headers=headers)
        headers |= {"Content-Type": self.media_type, **self.headers}
        if is_compressed:
            return HttpResponse(self.compressed, headers=headers | {"Content-Encoding": "gzip"})
        return HttpResponse(self.content, headers=headers)


def accepts_gzip(header: str) -> bool:
    """Return whether Accept-Encoding names gzip without a quality of 0 (RFC 9110, section 12.5.3)."""
    for item in header.split(","):
        name, _, parameters = item.partition(";")
        if name.strip().lower() == "gzip":
            return _ZERO_QUALITY.fullmatch(parameters) is None
    return False
