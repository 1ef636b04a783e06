"""Conditions of requests by ETag (RFC 9110, section 13)."""

from collections.abc import Mapping

from django.utils.http import parse_etags

from progimage.errors import PreconditionFailed

IF_MATCH = "If-Match"
IF_NONE_MATCH = "If-None-Match"


def check_if_match(headers: Mapping[str, str], etag: str) -> None:
    """Raise PreconditionFailed if the request has an If-Match that does not name this ETag."""
    if IF_MATCH in headers and not _names(headers[IF_MATCH], etag):
        raise PreconditionFailed(f"Expected an If-Match that names the ETag {etag} but received another")


def is_not_modified(headers: Mapping[str, str], etag: str) -> bool:
    """Whether the request has an If-None-Match that names this ETag."""
    return IF_NONE_MATCH in headers and _names(headers[IF_NONE_MATCH], etag, is_weak=True)


def _names(condition: str, etag: str, *, is_weak: bool = False) -> bool:
    """Whether a condition names this ETag. A weak comparison takes W/"..." for the ETag, too."""
    tags = parse_etags(condition)
    if is_weak:
        tags = [tag.removeprefix("W/") for tag in tags]
    return "*" in tags or etag in tags
