"""The API's responses as values. Members that this version does not know are ignored."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

from progimage.errors import ProgImageError
from progimage.wire.files import Source

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Result:
    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from parsed JSON. Raise an error of Python such as ValueError if it does not fit."""
        members: dict[str, Any] = {}
        for member in fields(cls):
            if member.name in values:
                members[member.name] = _read(member.type, values[member.name])
        return cls(**members)


def _read(kind: Any, value: Any) -> Any:
    if value is None or kind not in _READERS:
        return value
    return _READERS[kind](value)


@dataclass(frozen=True, kw_only=True)
class ColorSpace(Result):
    """The colours of an original, as its file describes them. None stands for a part that is not known.

    `transfer` is for example srgb, linear, gamma2.2, pq or hlg; `primaries` bt709, display-p3 or bt2020;
    `bit_depth` the bits of a sample; `profile_name` the name of the embedded ICC profile."""

    transfer: str | None
    primaries: str | None
    bit_depth: int | None
    profile_name: str | None


@dataclass(frozen=True, kw_only=True)
class Image(Result):
    """An original. Width and height are in px as stored; a viewer swaps them if the orientation is 5 to 8.

    `hdr` and `color_space` are None if the server has not read them yet. `focal_point` is (x, y), each 0 to 1
    of the upright image. `urls` serve callers that may see the image. If a transform made the image,
    `transform` is that transform, resolved, and `parent` is the stored image that it was made from."""

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
    hdr: bool | None = None
    color_space: ColorSpace | None = None
    focal_point: tuple[float, float] | None = None
    replaced_by: UUID | None = None
    parent: UUID | None = None
    transform: Mapping[str, Any] | None = field(default=None, hash=False)
    urls: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, kw_only=True)
class RenditionProblem(Result):
    """The reason why a rendition could not be made: the code and the message of an error.

    `pointer` leads to the parameter of the transform that it is about."""

    code: str
    detail: str
    pointer: str = ""


@dataclass(frozen=True, kw_only=True)
class Rendition(Result):
    """A stored result of a transform, or one to be made. Sizes are None until `state` is ready.

    `state` is waiting, rendering, ready or failed. `problem` says why it has failed, or why it still waits.
    `url` is None if the transform uses other images."""

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
    problem: RenditionProblem | None = None


@dataclass(frozen=True, kw_only=True)
class UploadUrl(Result):
    """A URL that accepts one image without an API key until `expires_at`. The image gets this `id`."""

    id: UUID
    url: str
    method: str
    expires_at: datetime
    max_bytes: int
    media_types: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PlanStep(Result):
    """An operation of a plan, and the size in px after it; with `is_at_most` the largest possible."""

    operation: Mapping[str, Any] = field(hash=False)
    width: int
    height: int
    is_at_most: bool


@dataclass(frozen=True, kw_only=True)
class Plan(Result):
    """The plan of a transform. `source` and `output` are as in the API.

    `reason` says why the result has its format: asked, source, negotiated or fallback. `cache_key` is the
    Transform-Key of the result."""

    kind: str
    source: Mapping[str, Any] = field(hash=False)
    steps: tuple[PlanStep, ...]
    output: Mapping[str, Any] = field(hash=False)
    format: str
    media_type: str
    reason: str
    width: int
    height: int
    is_at_most: bool
    frames: int
    cache_key: str

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        format = values["format"]
        members = {"format": format["name"], "media_type": format["media_type"], "reason": format["reason"]}
        return super().from_dict({**values, **members})


@dataclass(frozen=True, kw_only=True)
class ArchiveFailure(Result):
    """An image that a zip lacks, with the code and the message of its error."""

    id: UUID
    code: str
    detail: str


@dataclass(frozen=True)
class Archive:
    """A zip file. It holds the requested images except those in `failed`."""

    path: Path
    failed: tuple[ArchiveFailure, ...]


@dataclass(frozen=True)
class UploadResult:
    """The result of one of many uploads: either an image or an error."""

    source: Source
    image: Image | None = None
    error: ProgImageError | None = None


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list, and the cursor of the next page; None if this is the last page."""

    rows: tuple[T, ...]
    next: str | None


def _as_point(point: Mapping[str, Any]) -> tuple[float, float]:
    return float(point["x"]), float(point["y"])


def _as_steps(steps: Iterable[Mapping[str, Any]]) -> tuple[PlanStep, ...]:
    return tuple(PlanStep.from_dict(step) for step in steps)


_READERS: dict[Any, Callable[[Any], Any]] = {
    UUID: UUID,
    UUID | None: UUID,
    datetime: datetime.fromisoformat,
    datetime | None: datetime.fromisoformat,
    tuple[str, ...]: tuple,
    ColorSpace | None: ColorSpace.from_dict,
    RenditionProblem | None: RenditionProblem.from_dict,
    tuple[float, float] | None: _as_point,
    tuple[PlanStep, ...]: _as_steps,
}
