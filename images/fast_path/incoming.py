"""A GET of an image as it came, without Django."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from images.delivery.header_names import IF_MATCH, IF_NONE_MATCH
from progimage.signing import PARAMETERS

_PATH = re.compile(r"/images/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.([A-Za-z0-9]{2,8}))?")
_METHODS = ("GET", "HEAD")
_MAX_QUERY = 2_000
"""Characters. Meanings are remembered by their queries, so none may be large."""
_CONDITIONS = {
    "HTTP_IF_MATCH": IF_MATCH,
    "HTTP_IF_NONE_MATCH": IF_NONE_MATCH,
    "HTTP_IF_RANGE": "If-Range",
    "HTTP_RANGE": "Range",
}


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """A GET or HEAD of an image.

    `signed_query` is the query as it came. `query` is the same without the signature, if it has one."""

    method: str
    path: str
    image_id: UUID
    extension: str | None
    query: str
    signed_query: str | None
    authorization: str
    accept: str
    conditions: Mapping[str, str]

    @classmethod
    def read(cls, environ: Mapping[str, Any]) -> "IncomingRequest | None":
        """Return the request, or None if it is for something else, or is unusual."""
        path = environ.get("PATH_INFO", "")
        match = _PATH.fullmatch(path)
        method = environ["REQUEST_METHOD"]
        query = environ.get("QUERY_STRING", "")
        if match is None or method not in _METHODS or environ.get("SCRIPT_NAME"):
            return None
        if len(query) > _MAX_QUERY or not query.isascii():
            return None
        unsigned_query = _without_signature(query)
        return cls(
            method=method,
            path=path,
            image_id=UUID(match[1]),
            extension=match[2],
            query=unsigned_query,
            signed_query=None if unsigned_query == query else query,
            authorization=environ.get("HTTP_AUTHORIZATION", ""),
            accept=environ.get("HTTP_ACCEPT", ""),
            conditions={name: environ[key] for key, name in _CONDITIONS.items() if key in environ},
        )


def _without_signature(query: str) -> str:
    if not any(name in query for name in PARAMETERS):
        return query
    pairs = query.split("&")
    return "&".join(pair for pair in pairs if pair.partition("=")[0] not in PARAMETERS)
