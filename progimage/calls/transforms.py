"""The requests that transform an image, or that plan a transform.

Each public function is a method of both clients, with the same parameters and docstring. A client's method
returns the T of the Call[T] that stands here."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, Unpack, overload
from uuid import UUID

from progimage.errors import ParameterError
from progimage.parameters.parameter import PART_NAME, UUID_TEXT
from progimage.wire.bodies import form_body
from progimage.wire.files import PathName, Source, file_part
from progimage.wire.media_types import JSON, JSON_SCHEMA, image_type
from progimage.wire.receivers import into_memory
from progimage.wire.urls import Address, TransformSpec, read_transform

from .call import Call, save_to_file
from .json_calls import receive_json, with_json
from .options import UploadOptions, as_pairs, split_idempotency_key
from .results import Image, Plan

T = TypeVar("T")

ImageSource = Source | UUID
"""The image to transform: a source as for an upload, an address, or the UUID of a stored image."""

Parts = Mapping[str, Source]
"""Other images, by the names that operations give them: logo for image="part:logo"."""

_FILE = "file"
_ADDRESS = Address("/transforms")


@overload
def transform(
    source: ImageSource,
    transform: TransformSpec,
    *,
    format: str | None = None,
    parts: Parts | None = None,
    to: None = None,
) -> Call[bytes]: ...


@overload
def transform(
    source: ImageSource,
    transform: TransformSpec,
    *,
    format: str | None = None,
    parts: Parts | None = None,
    to: PathName,
) -> Call[Path]: ...


def transform(
    source: ImageSource,
    transform: TransformSpec,
    *,
    format: str | None = None,
    parts: Parts | None = None,
    to: PathName | None = None,
) -> Call[bytes] | Call[Path]:
    """Transform an image, and return the result's bytes, or write them to the file `to`.

    `source` is a path, bytes, an open file, an address, or the UUID of a stored image. `transform` is a
    Transform, its text form, or a list of operations. `parts` are the images that operations name: `logo` for
    `part:logo`. They need a source that is a file, too."""
    whole_transform = read_transform(transform, format)
    call = Call(
        method="POST",
        address=_ADDRESS,
        media_type=image_type(whole_transform.output.format),
        receive=partial(into_memory, bytes),
    )
    call = _with_source(call, source, {"transform": whole_transform.as_dict()}, parts)
    if to is None:
        return call
    return save_to_file(call, Path(to))


def derive(
    source: ImageSource,
    transform: TransformSpec,
    *,
    format: str | None = None,
    parts: Parts | None = None,
    **options: Unpack[UploadOptions],
) -> Call[Image]:
    """Transform an image, and store the result as an image of its own.

    `source`, `transform` and `parts` are as for the method `transform`."""
    description, key_header = split_idempotency_key(options)
    call = Call(
        method="POST",
        address=_ADDRESS,
        media_type=JSON,
        receive=receive_json(Image.from_dict),
        headers=key_header,
    )
    fields = {
        "transform": read_transform(transform, format).as_dict(),
        "store": True,
        **description,
    }
    return _with_source(call, source, fields, parts)


def plan(
    source: ImageSource,
    transform: TransformSpec,
    *,
    format: str | None = None,
    parts: Parts | None = None,
) -> Call[Plan]:
    """Return the plan of a transform of an image: its sizes, its format and its cache key.

    No pixel is decoded. The errors are those of the transform itself. `source`, `transform` and `parts` are
    as for the method `transform`."""
    call = Call(
        method="POST",
        address=Address("/transforms/plan"),
        media_type=JSON,
        receive=receive_json(Plan.from_dict),
    )
    fields = {"transform": read_transform(transform, format).as_dict()}
    return _with_source(call, source, fields, parts)


def operations() -> Call[dict[str, Any]]:
    """Return the server's catalogue of operations: the JSON Schema of a transform."""
    return Call(
        method="GET",
        address=Address("/operations"),
        media_type=JSON_SCHEMA,
        receive=receive_json(dict),
    )


def _with_source(
    call: Call[T],
    source: ImageSource,
    fields: Mapping[str, Any],
    parts: Parts | None,
) -> Call[T]:
    file = str(source) if isinstance(source, UUID) else source
    reference = _find_reference(file)
    if reference is None:
        files = {_FILE: file, **_checked(parts or {})}
        body = form_body(as_pairs(fields), {name: file_part(part) for name, part in files.items()})
        return replace(call, headers={**call.headers, **body.headers}, body=body)
    if parts:
        raise ParameterError(
            "Expected a path, bytes or an open file as source beside parts but received an id or a URL",
            pointer="/parts",
        )
    return with_json(call, {**reference, **fields})


def _find_reference(source: Source) -> dict[str, str] | None:
    """Return the member of JSON that names the source: an id or an address; None for a file."""
    if not isinstance(source, str):
        return None
    if UUID_TEXT.fullmatch(source):
        return {"id": source}
    if source.startswith(("https://", "http://")):
        return {"url": source}
    return None


def _checked(parts: Parts) -> Parts:
    """Return the parts. Raise ParameterError if the form cannot have a part of that name."""
    for name in parts:
        if name in (_FILE, "transform") or not PART_NAME.fullmatch(name):
            raise ParameterError(
                "Expected 1 to 60 letters, digits, _ . - for the name of a part, and neither file nor "
                f"transform, but received {name[:60]!r}",
                pointer="/parts",
            )
    return parts
