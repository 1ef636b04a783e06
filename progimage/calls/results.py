"""What the API answers, as values. Members that this version does not know are passed over."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

from progimage.errors import ProgImageError
from progimage.wire.bodies import Source

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Result:
    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from parsed JSON. Raises an error of Python's where that is not what the API answers."""
        members = (member for member in fields(cls) if member.name in values)
        return cls(**{member.name: _read(member.type, values[member.name]) for member in members})


def _read(kind: Any, value: Any) -> Any:
    return _READERS[kind](value) if kind in _READERS and value is not None else value


@dataclass(frozen=True, kw_only=True)
class Image(Result):
    """An original. Width and height are in px as stored: orientation 5-8 swaps them where it is shown.

    `focal_point` is (x, y), each 0 to 1 of the upright image; `urls` are for whoever may see it. What was
    made by a transform has it, resolved, and as `parent` the stored image that it was made from."""

    id: UUID
    format: str
    media_type: str
    width: int
    height: int
    frames: int
    bytes: int
    sha256: str
    has_alpha: bool
    orientation: int
    visibility: str
    filename: str
    tags: tuple[str, ...]
    metadata: Mapping[str, Any] = field(hash=False)
    created_at: datetime
    focal_point: tuple[float, float] | None = None
    replaced_by: UUID | None = None
    parent: UUID | None = None
    transform: Mapping[str, Any] | None = field(default=None, hash=False)
    urls: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, kw_only=True)
class Rendition(Result):
    """A stored result of a transform. Sizes are None until its `state` is ready; `url` is None where it shows
    other images."""

    id: int
    transform: Mapping[str, Any] = field(hash=False)
    format: str
    media_type: str
    width: int | None
    height: int | None
    frames: int | None
    bytes: int | None
    state: str
    created_at: datetime
    hits: int
    last_accessed_at: datetime | None
    url: str | None


@dataclass(frozen=True, kw_only=True)
class UploadUrl(Result):
    """Where one image may be put, without an API key, until `expires_at`; it will have this `id`."""

    id: UUID
    url: str
    method: str
    expires_at: datetime
    max_bytes: int
    media_types: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ArchiveFailure(Result):
    """An image that could not be had for a zip, with the code and the words of its error."""

    id: UUID
    code: str
    detail: str


@dataclass(frozen=True)
class Archive:
    """A zip that was written. It holds what was asked for but the images in `failed`."""

    path: Path
    failed: tuple[ArchiveFailure, ...]


@dataclass(frozen=True)
class UploadResult:
    """What became of one of many sources: an image or an error, never both."""

    source: Source
    image: Image | None = None
    error: ProgImageError | OSError | None = None


@dataclass(frozen=True)
class Page(Generic[T]):
    """Part of a list, and the cursor of the next part; None on the last."""

    rows: tuple[T, ...]
    next: str | None


def _as_point(point: Mapping[str, Any]) -> tuple[float, float]:
    return float(point["x"]), float(point["y"])


_READERS: dict[Any, Callable[[Any], Any]] = {
    UUID: UUID,
    UUID | None: UUID,
    datetime: datetime.fromisoformat,
    datetime | None: datetime.fromisoformat,
    tuple[str, ...]: tuple,
    tuple[float, float] | None: _as_point,
}
