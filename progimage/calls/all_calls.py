"""The API's requests as values: what is sent, and how the answer is read.

Each function is a method of both clients, with these parameters and this documentation, which returns T, or
yields the rows of all pages, where here a Call[T] or a Call[Page] is returned."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar, Unpack, overload
from uuid import UUID, uuid4
from zipfile import BadZipFile, ZipFile

from progimage.errors import ConnectionFailed, ParameterError
from progimage.transform import Transform
from progimage.wire.bodies import PathName, Source, form_body, name_of, raw_body
from progimage.wire.receivers import Receiver, into_file, into_memory
from progimage.wire.urls import Address, Asked, ImageId, Wanted, find_address, image_address, read_transform

from .call import Call
from .options import Changes, Filters, UploadOptions, UploadUrlOptions, as_pairs, spell
from .results import Archive, ArchiveFailure, Image, Page, Rendition, Result, UploadUrl

T = TypeVar("T")
ResultT = TypeVar("ResultT", bound=Result)

Given = Source | UUID
"""What is transformed: as for an upload, or an address, or the UUID of a stored image."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MAX_QUERY_CHARS = 4_000
"""Proxies take request lines of 8 KB, as nginx does by default."""
_PAGE = (("limit", "100"),)


def upload(source: Source, **options: Unpack[UploadOptions]) -> Call[Image]:
    """Store an image: a path, bytes or an open file. Without `filename` it is called as the file is.

    Raises OSError for a file that cannot be read."""
    given, key = _take_idempotency_key({"filename": name_of(source), **options})
    if any("," in tag for tag in given.get("tags", ())):
        raise ParameterError("Expected tags without commas beside an upload's bytes", pointer="/tags")
    body, address = raw_body(source), Address("/images", as_pairs(given))
    if len(str(address)) > _MAX_QUERY_CHARS:
        body, address = form_body(body, address.query), Address("/images")
    receive = _json(Image.from_dict)
    return Call(method="POST", address=address, receive=receive, headers=body.headers | key, body=body)


def upload_url(url: str, **options: Unpack[UploadOptions]) -> Call[Image]:
    """Let the server fetch an image from a public address, and store it."""
    return _create("/images", {"url": url, **options}, Image)


def get(image_id: ImageId) -> Call[Image]:
    """Return what is known of an image."""
    return Call(method="GET", address=image_address(image_id, ".json"), receive=_json(Image.from_dict))


def list_images(**filters: Unpack[Filters]) -> Call[Page[Image]]:
    """Yield the images that fit every filter, page by page as they are asked for."""
    return _list(Address("/images", as_pairs(spell(filters))), "images", Image)


def update(image_id: ImageId, **changes: Unpack[Changes]) -> Call[Image]:
    """Change what is given, and leave the rest."""
    call = Call(method="PATCH", address=image_address(image_id), receive=_json(Image.from_dict))
    return _with_json(call, spell(changes))


def delete(image_id: ImageId, *, purge: bool = False) -> Call[None]:
    """Delete an image and all that was derived from it; with `purge` its bytes at once, for good."""
    address = image_address(image_id, query=(("purge", "true"),) if purge else ())
    return Call(method="DELETE", address=address, receive=_nothing)


@overload
def download(image_id: ImageId, *, to: None = None, **asked: Asked) -> Call[bytes]: ...


@overload
def download(image_id: ImageId, *, to: PathName, **asked: Asked) -> Call[Path]: ...


def download(image_id: ImageId, *, to: PathName | None = None, **asked: Asked) -> Call[bytes] | Call[Path]:
    """Return an image's bytes, or put them into the file `to`, which appears whole or not at all.

    `asked` is as for `url`."""
    call = Call(method="GET", address=find_address(image_id, asked), receive=partial(into_memory, bytes))
    return call if to is None else _to_file(call, Path(to))


@overload
def transform(
    source: Given, transform: Wanted, *, format: str | None = None, to: None = None
) -> Call[bytes]: ...


@overload
def transform(source: Given, transform: Wanted, *, format: str | None = None, to: PathName) -> Call[Path]: ...


def transform(
    source: Given, transform: Wanted, *, format: str | None = None, to: PathName | None = None
) -> Call[bytes] | Call[Path]:
    """Return what a transform makes of an image, or put it into the file `to`.

    The image is a path, bytes, an open file, an address, or the UUID of one that is stored; the transform a
    value, its text form, or a list of operations."""
    call = Call(method="POST", address=Address("/transforms"), receive=partial(into_memory, bytes))
    call = _with_source(call, source, {"transform": read_transform(transform, format)})
    return call if to is None else _to_file(call, Path(to))


def derive(
    source: Given, transform: Wanted, *, format: str | None = None, **options: Unpack[UploadOptions]
) -> Call[Image]:
    """Store what a transform makes of an image, as an image of its own. `source` is as for `transform`."""
    given, key = _take_idempotency_key(options)
    receive = _json(Image.from_dict)
    call = Call(method="POST", address=Address("/transforms"), receive=receive, headers=key)
    return _with_source(
        call, source, {"transform": read_transform(transform, format), "store": True, **given}
    )


def archive(
    images: Iterable[ImageId] | Filters,
    *,
    to: PathName,
    format: str | None = None,
    transform: Transform | str | None = None,
) -> Call[Archive]:
    """Put a zip of images, named by their ids or by filters as `list` has them, into the file `to`.

    Those that could not be had are not in it, but in `failed` of what is returned; it is empty otherwise."""
    chosen = {"query": spell(images)} if isinstance(images, Mapping) else {"ids": [*map(str, images)]}
    result = {
        "format": format,
        "transform": transform.as_dict() if isinstance(transform, Transform) else transform,
    }
    path = Path(to)
    receive = partial(into_file, path, partial(_read_archive, path))
    given = {name: value for name, value in result.items() if value is not None}
    # It changes nothing, and may be repeated without an idempotency key.
    return _with_json(
        Call(method="POST", address=Address("/images/archive"), receive=receive), chosen | given
    )


def renditions(image_id: ImageId) -> Call[Page[Rendition]]:
    """Yield what has been derived from an image."""
    return _list(image_address(image_id, "/renditions"), "renditions", Rendition)


def purge_renditions(image_id: ImageId) -> Call[None]:
    """Remove all that was derived from an image. What is asked for again is rendered anew."""
    return Call(method="DELETE", address=image_address(image_id, "/renditions"), receive=_nothing)


def create_upload_url(**options: Unpack[UploadUrlOptions]) -> Call[UploadUrl]:
    """Return a URL where whoever has it, a browser perhaps, may PUT one image."""
    return _create("/uploads", options, UploadUrl)


def _list(address: Address, name: str, row: type[ResultT]) -> Call[Page[ResultT]]:
    def read(values: Mapping[str, Any]) -> Page[ResultT]:
        return Page(tuple(map(row.from_dict, values[name])), values["next"])

    return Call(method="GET", address=Address(address.path, address.query + _PAGE), receive=_json(read))


def _create(path: str, options: Mapping[str, Any], result: type[ResultT]) -> Call[ResultT]:
    given, key = _take_idempotency_key(options)
    call = Call(method="POST", address=Address(path), receive=_json(result.from_dict), headers=key)
    return _with_json(call, given)


def _with_source(call: Call[T], source: Given, values: Mapping[str, Any]) -> Call[T]:
    if isinstance(source, UUID) or (isinstance(source, str) and _UUID.fullmatch(source)):
        return _with_json(call, {"id": str(source), **values})
    if isinstance(source, str) and source.startswith(("https://", "http://")):
        return _with_json(call, {"url": source, **values})
    body = form_body(raw_body(source), as_pairs(values))
    return replace(call, headers={**call.headers, **body.headers}, body=body)


def _to_file(call: Call[bytes], path: Path) -> Call[Path]:
    receive = partial(into_file, path, lambda _: path)
    return Call(
        method=call.method, address=call.address, receive=receive, headers=call.headers, body=call.body
    )


def _take_idempotency_key(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the options, spelled, and a header with the caller's key, or with one for this call alone."""
    given = spell(options)
    return given, {"Idempotency-Key": given.pop("idempotency_key", None) or str(uuid4())}


def _with_json(call: Call[T], values: Mapping[str, Any]) -> Call[T]:
    headers = {**call.headers, "Content-Type": "application/json"}
    return replace(call, headers=headers, body=json.dumps(values).encode())


def _json(read: Callable[[Any], T]) -> Callable[[], AbstractContextManager[Receiver[T]]]:
    def read_json(content: bytes) -> T:
        with _own_answer():
            return read(json.loads(content))

    return partial(into_memory, read_json)


def _read_archive(path: Path, file: IO[bytes]) -> Archive:
    """`file` will have the name `path` when it has been read."""
    with _own_answer(), ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        failures = [{"id": entry["id"]} | entry["error"] for entry in manifest if "error" in entry]
        return Archive(path, tuple(map(ArchiveFailure.from_dict, failures)))


@contextmanager
def _own_answer() -> Iterator[None]:
    try:
        yield
    except (BadZipFile, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ConnectionFailed("Expected an answer of ProgImage but received another's") from error


def _nothing() -> AbstractContextManager[Receiver[None]]:
    return into_memory(lambda _: None)
