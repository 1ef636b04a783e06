"""The options that calls take, and their spelling in JSON, in a query and in a form."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict
from uuid import uuid4

from progimage.errors import ParameterError
from progimage.transform import Transform
from progimage.wire.urls import AheadSpec, ImageId, Pairs, read_ahead

_KEY = re.compile("[ -~]{1,255}")
"""What a header can hold. The server has the same rule."""
_TAGS = "tags"

Visibility = Literal["private", "public"]


class Description(TypedDict, total=False):
    """The properties that any upload may set. `visibility` is private if it is not given."""

    tags: Collection[str]
    metadata: Mapping[str, Any]
    visibility: Visibility


class NamedDescription(Description, total=False):
    filename: str


class UploadOptions(NamedDescription, total=False):
    """The options of one image to be stored. `replaces` is the image that the new one succeeds.

    If the caller gives an `idempotency_key`, it may repeat the call itself, even after a restart."""

    replaces: ImageId
    idempotency_key: str


class EagerUploadOptions(UploadOptions, total=False):
    """The options of an upload, and the renditions that the server makes ahead of their first visitor.

    Each of `eager` is a Transform, its text form, its operations, or a query such as "w=300&format=webp"."""

    eager: Collection[AheadSpec]


class ManyUploadsOptions(Description, total=False):
    """The properties of many uploads, and the renditions of each image as in EagerUploadOptions."""

    eager: Collection[AheadSpec]


class UploadUrlOptions(NamedDescription, total=False):
    """The limits of an upload URL, the description of the image that is put there, and its renditions.

    `eager` is as in EagerUploadOptions."""

    max_bytes: int
    media_types: Collection[str]
    expires_in_s: int
    eager: Collection[AheadSpec]
    idempotency_key: str


class Changes(NamedDescription, total=False):
    """The properties to change. `focal_point` is (x, y), each 0 to 1; None removes it."""

    focal_point: tuple[float, float] | None


class Filters(TypedDict, total=False):
    """Conditions of a list. An image matches if all of them hold, and if it has every given tag.

    `metadata` matches if the image's own metadata contains it."""

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


def spell_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options as JSON holds them."""
    return {name: _spell(name, value) for name, value in options.items()}


def split_idempotency_key(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the options as JSON holds them, without the idempotency key, and the header with that key.

    If the caller gave no key, the header holds a random one for this call."""
    members = spell_options(options)
    idempotency_key = members.pop("idempotency_key", None) or str(uuid4())
    if not _KEY.fullmatch(idempotency_key):
        raise ParameterError("Expected 1 to 255 printable ASCII characters for idempotency_key")
    return members, {"Idempotency-Key": idempotency_key}


def as_pairs(members: Mapping[str, Any]) -> Pairs:
    """Return the names and values of a query or a form. A list repeats its name; None is left out.

    Tags are one array in JSON: as plain text a tag with a comma would be two, and `[x]` would be no tag."""
    pairs: list[tuple[str, str]] = []
    for name, value in members.items():
        items = value if isinstance(value, list) and name != _TAGS else [value]
        pairs += [(name, _as_text(item)) for item in items if item is not None]
    return tuple(pairs)


def as_transforms(value: Iterable[AheadSpec]) -> list[dict[str, Any]]:
    """Return transforms of renditions that are made ahead as JSON holds them. One alone is a list of one."""
    specs = [value] if isinstance(value, str | Mapping | Transform) else value
    return [read_ahead(spec).as_dict() for spec in specs]


def _spell(name: str, value: Any) -> Any:
    if value is None or name not in _SPELLERS:
        return value
    return _SPELLERS[name](value)


def _as_text(item: object) -> str:
    return item if isinstance(item, str) else json.dumps(item)


def _as_list(value: Collection[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _as_time(value: datetime | str) -> str:
    return value if isinstance(value, str) else value.astimezone(UTC).isoformat()


def _as_point(value: tuple[float, float]) -> dict[str, float]:
    x, y = value
    return {"x": x, "y": y}


_SPELLERS: dict[str, Callable[[Any], Any]] = {
    "tag": _as_list,
    _TAGS: _as_list,
    "media_types": _as_list,
    "replaces": str,
    "eager": as_transforms,
    "created_after": _as_time,
    "created_before": _as_time,
    "focal_point": _as_point,
}
