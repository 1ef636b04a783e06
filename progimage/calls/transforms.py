"""The requests that transform an image.

Each public function is a method of both clients, with the same parameters and docstring. A client's method
returns the T of the Call[T] that stands here."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, Unpack, overload
from uuid import UUID

from progimage.wire.bodies import PathName, Source, form_body, raw_body
from progimage.wire.receivers import into_memory
from progimage.wire.urls import Address, TransformSpec, read_transform

from .call import Call, save_to_file
from .json_calls import receive_json, with_json
from .options import UploadOptions, as_pairs, split_idempotency_key
from .results import Image

T = TypeVar("T")

ImageSource = Source | UUID
"""The image to transform: a source as for an upload, an address, or the UUID of a stored image."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ADDRESS = Address("/transforms")


@overload
def transform(
    source: ImageSource,
    transform: TransformSpec,
    *,
    format: str | None = None,
    to: None = None,
) -> Call[bytes]: ...


@overload
def transform(
    source: ImageSource,
    transform: TransformSpec,
    *,
    format: str | None = None,
    to: PathName,
) -> Call[Path]: ...


def transform(
    source: ImageSource,
    transform: TransformSpec,
    *,
    format: str | None = None,
    to: PathName | None = None,
) -> Call[bytes] | Call[Path]:
    """Transform an image, and return the result's bytes, or write them to the file `to`.

    `source` is a path, bytes, an open file, an address, or the UUID of a stored image. `transform` is a
    Transform, its text form, or a list of operations."""
    call = Call(
        method="POST",
        address=_ADDRESS,
        receive=partial(into_memory, bytes),
    )
    fields = {"transform": read_transform(transform, format)}
    call = _with_source(call, source, fields)
    if to is None:
        return call
    return save_to_file(call, Path(to))


def derive(
    source: ImageSource,
    transform: TransformSpec,
    *,
    format: str | None = None,
    **options: Unpack[UploadOptions],
) -> Call[Image]:
    """Transform an image, and store the result as an image of its own. `source` is as for `transform`."""
    description, key_header = split_idempotency_key(options)
    call = Call(
        method="POST",
        address=_ADDRESS,
        receive=receive_json(Image.from_dict),
        headers=key_header,
    )
    fields = {
        "transform": read_transform(transform, format),
        "store": True,
        **description,
    }
    return _with_source(call, source, fields)


def _with_source(call: Call[T], source: ImageSource, fields: Mapping[str, Any]) -> Call[T]:
    if isinstance(source, UUID):
        return with_json(call, {"id": str(source), **fields})
    if isinstance(source, str) and _UUID.fullmatch(source):
        return with_json(call, {"id": source, **fields})
    if isinstance(source, str) and source.startswith(("https://", "http://")):
        return with_json(call, {"url": source, **fields})
    body = form_body(raw_body(source), as_pairs(fields))
    headers = {**call.headers, **body.headers}
    return replace(call, headers=headers, body=body)
