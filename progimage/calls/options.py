"""What may be said of an image and asked of a list, by name, and how it is spelled: once for both clients."""

import json
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict

from progimage.wire.urls import ImageId, Pairs

Visibility = Literal["private", "public"]


class Description(TypedDict, total=False):
    """What any upload may say of its image. Private unless public is asked for."""

    tags: Collection[str]
    metadata: Mapping[str, Any]
    visibility: Visibility


class NamedDescription(Description, total=False):
    filename: str


class UploadOptions(NamedDescription, total=False):
    """`replaces` is the image whose successor this one is. With an `idempotency_key` of its own a caller may
    repeat the call itself, after a restart too."""

    replaces: ImageId
    idempotency_key: str


class UploadUrlOptions(NamedDescription, total=False):
    """What whoever holds the URL may put there, and until when."""

    max_bytes: int
    media_types: Collection[str]
    expires_in_s: int
    idempotency_key: str


class Changes(NamedDescription, total=False):
    """What is not given stays. `focal_point` is (x, y), each 0 to 1; None lets go of it."""

    focal_point: tuple[float, float] | None


class Filters(TypedDict, total=False):
    """All of them have to hold; of tags, too. `metadata` holds what an image's own must contain."""

    tag: Collection[str]
    format: str
    visibility: Visibility
    sha256: str
    min_bytes: int
    max_bytes: int
    min_width: int
    max_width: int
    min_height: int
    max_height: int
    created_after: datetime | str
    created_before: datetime | str
    metadata: Mapping[str, Any]


def spell(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options as JSON holds them."""
    return {
        name: _SPELLED[name](value) if name in _SPELLED and value is not None else value
        for name, value in options.items()
    }


def as_pairs(spelled: Mapping[str, Any]) -> Pairs:
    """Return what a query or a form holds: a list repeats its name, None is not given."""
    return tuple(
        (name, item if isinstance(item, str) else json.dumps(item))
        for name, value in spelled.items()
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    )


def _as_list(value: Collection[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _as_moment(value: datetime | str) -> str:
    return value if isinstance(value, str) else value.astimezone(UTC).isoformat()


def _as_point(value: tuple[float, float]) -> dict[str, float]:
    return dict(zip("xy", value, strict=True))


_SPELLED: dict[str, Callable[[Any], Any]] = {
    "tag": _as_list,
    "tags": _as_list,
    "media_types": _as_list,
    "replaces": str,
    "created_after": _as_moment,
    "created_before": _as_moment,
    "focal_point": _as_point,
}
