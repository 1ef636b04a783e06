"""The headers If-Match and If-None-Match (RFC 9110, section 13.1).

Conditions by date are ignored, because no modification date is kept (sections 13.1.3 and 13.1.4)."""

from collections.abc import Mapping

from django.utils.http import parse_etags

from progimage.errors import PreconditionFailed

from .header_names import IF_MATCH, IF_NONE_MATCH


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
