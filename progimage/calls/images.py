"""The requests that read, list, change, delete and download images.

Each public function is a method of both clients, with the same parameters and docstring. A client's method
returns the T of the Call[T] that stands here; for a Call[Page] it yields the rows of all pages."""

import json
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import IO, Any, Unpack, overload
from zipfile import ZipFile

from progimage.wire.files import PathName
from progimage.wire.media_types import JSON, NOTHING, ZIP, image_type
from progimage.wire.receivers import Receiver, into_file, into_memory
from progimage.wire.rendition_query import RenditionQuery
from progimage.wire.urls import (
    Address,
    AheadSpec,
    ImageId,
    TransformSpec,
    image_address,
    read_transform,
    rendition_address,
    rendition_format,
)

from .call import Call, save_to_file
from .json_calls import foreign_answers_refused, listing, receive_json, with_json
from .options import Changes, Filters, as_pairs, as_transforms, spell_options
from .results import Archive, ArchiveFailure, Image, Page, Rendition


def get(image_id: ImageId) -> Call[Image]:
    """Return an image's metadata."""
    return Call(
        method="GET",
        address=image_address(image_id, ".json"),
        media_type=JSON,
        receive=receive_json(Image.from_dict),
    )


def list_images(**filters: Unpack[Filters]) -> Call[Page[Image]]:
    """Yield the images that match all filters, newest first. Each page is requested when it is needed."""
    query = as_pairs(spell_options(filters))
    return listing(Address("/images", query), "images", Image)


def update(image_id: ImageId, **changes: Unpack[Changes]) -> Call[Image]:
    """Change the given properties of an image, and leave the others."""
    call = Call(
        method="PATCH",
        address=image_address(image_id),
        media_type=JSON,
        receive=receive_json(Image.from_dict),
    )
    return with_json(call, spell_options(changes))


def delete(image_id: ImageId, *, purge: bool = False) -> Call[None]:
    """Delete an image and its renditions. With `purge` the original's bytes are removed now, for good."""
    query = (("purge", "true"),) if purge else ()
    return Call(
        method="DELETE",
        address=image_address(image_id, query=query),
        media_type=NOTHING,
        receive=_receive_nothing,
    )


@overload
def download(image_id: ImageId, *, to: None = None, **query: Unpack[RenditionQuery]) -> Call[bytes]: ...


@overload
def download(image_id: ImageId, *, to: PathName, **query: Unpack[RenditionQuery]) -> Call[Path]: ...


def download(
    image_id: ImageId,
    *,
    to: PathName | None = None,
    **query: Unpack[RenditionQuery],
) -> Call[bytes] | Call[Path]:
    """Return the bytes of an original or a rendition, or write them to the file `to`.

    The file appears complete or not at all. The other parameters are those of `url`."""
    call = Call(
        method="GET",
        address=rendition_address(image_id, query),
        media_type=image_type(rendition_format(query)),
        receive=partial(into_memory, bytes),
    )
    if to is None:
        return call
    return save_to_file(call, Path(to))


def archive(
    images: Iterable[ImageId] | Filters,
    *,
    to: PathName,
    format: str | None = None,
    transform: TransformSpec | None = None,
) -> Call[Archive]:
    """Write a zip of images to the file `to`. `images` is their ids, or the filters of `list`.

    If an image cannot be read or rendered, the zip lacks it, and the result names it in `failed`. If many
    renditions are still to be made, the call repeats its request until all of them are."""
    request: dict[str, Any] = {}
    if isinstance(images, Mapping):
        request["query"] = spell_options(images)
    else:
        request["ids"] = [str(image_id) for image_id in images]
    if format is not None:
        request["format"] = format
    if transform is not None:
        request["transform"] = read_transform(transform).as_dict()
    path = Path(to)
    # The request changes nothing. Therefore a retry needs no idempotency key.
    call = Call(
        method="POST",
        address=Address("/images/archive"),
        media_type=ZIP,
        receive=partial(into_file, path, partial(_read_archive, path)),
    )
    return with_json(call, request)


def renditions(image_id: ImageId) -> Call[Page[Rendition]]:
    """Yield the stored renditions of an image."""
    address = image_address(image_id, "/renditions")
    return listing(address, "renditions", Rendition)


def make_renditions(image_id: ImageId, transforms: Iterable[AheadSpec]) -> Call[tuple[Rendition, ...]]:
    """Let the server make renditions of an image, ahead of their first visitor, and return them at once.

    Each transform is a Transform, its text form, its operations, or a query such as "w=300&format=webp", at
    most 20. The state of a rendition is `ready` if it exists, and else `waiting` until it is made. The method
    `renditions` tells how far the server is. The call may be repeated: it makes nothing twice."""
    call = Call(
        method="POST",
        address=image_address(image_id, "/renditions"),
        media_type=JSON,
        receive=receive_json(_read_renditions),
    )
    return with_json(call, {"transforms": as_transforms(transforms)})


def purge_renditions(image_id: ImageId) -> Call[None]:
    """Remove all renditions of an image. The server renders them anew when they are requested again."""
    return Call(
        method="DELETE",
        address=image_address(image_id, "/renditions"),
        media_type=NOTHING,
        receive=_receive_nothing,
    )


def _read_renditions(values: Mapping[str, Any]) -> tuple[Rendition, ...]:
    return tuple(Rendition.from_dict(row) for row in values["renditions"])


def _receive_nothing() -> AbstractContextManager[Receiver[None]]:
    return into_memory(lambda content: None)


def _read_archive(path: Path, file: IO[bytes]) -> Archive:
    """Return the archive in `file`, which is renamed to `path` afterwards."""
    with foreign_answers_refused(), ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        failures = [_read_failure(entry) for entry in manifest if "error" in entry]
    return Archive(path, tuple(failures))


def _read_failure(entry: Mapping[str, Any]) -> ArchiveFailure:
    return ArchiveFailure.from_dict({"id": entry["id"]} | entry["error"])
