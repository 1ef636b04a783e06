"""GET /images/<uuid>.<ext> and GET /images/<uuid>: an image in a format, or the original."""

from dataclasses import dataclass, replace

from rest_framework.request import Request

from images.delivery.delivery_options import DeliveryOptions
from images.models import MAX_FILENAME
from images.receiving.filenames import clean_filename
from images.renditions.preparing import Acceptance
from progimage.errors import ParameterError, UnsupportedFormat
from progimage.operations import escape_pointer
from progimage.text_form import parse_query
from progimage.transform import Transform
from progimage.wording import show_value, suggest
from transforms.formats.table import BY_EXTENSION, FORMATS, WRITABLE, Format

from .query import PointerOf, Query

_DELIVERY = ("download", "v")
"""Parameters that are no part of the transform."""


@dataclass(frozen=True, kw_only=True)
class RenditionQuery:
    """The extension and the query of a GET of an image. `transform` is None if the original is requested.

    `fallback` is the format of the extension."""

    transform: Transform | None
    fallback: Format | None
    download: str | None
    is_versioned: bool

    @classmethod
    def read(cls, query: Query, extension: str | None) -> "RenditionQuery":
        """Raise UnsupportedFormat for the extension, ParameterError for the query."""
        format = None if extension is None else _read_extension(extension)
        transform_query = query.without(*_DELIVERY)
        transform = parse_query(transform_query.items(), beside=_DELIVERY)
        if format is not None:
            transform = with_format(transform, format, pointer_of=query.pointer_of)
        elif transform.output.format is None and transform_query:
            name = next(iter(transform_query))
            raise ParameterError(
                f"Expected a format for {name[:60]!r}, in the query or as extension",
                pointer=f"/{escape_pointer(name)}",
            )
        return cls(
            transform=None if transform.output.format is None else transform,
            fallback=format,
            download=_read_download(query),
            is_versioned="v" in query.parameters,
        )


@dataclass(frozen=True, kw_only=True)
class RenditionRequest:
    """A GET of an image. `transform` is None if the original is requested."""

    transform: Transform | None
    acceptance: Acceptance
    options: DeliveryOptions
    pointer_of: PointerOf

    @classmethod
    def read(cls, request: Request, extension: str | None = None) -> "RenditionRequest":
        """Raise UnsupportedFormat for the extension, ParameterError for the query."""
        query = Query.read(request)
        rendition_query = RenditionQuery.read(query, extension)
        options = DeliveryOptions(
            method=request.method or "",
            headers=request.headers,
            download=rendition_query.download,
            is_versioned=rendition_query.is_versioned,
            expires_at=query.expires_at,
        )
        return cls(
            transform=rendition_query.transform,
            acceptance=Acceptance(request.headers.get("Accept", ""), fallback=rendition_query.fallback),
            options=options,
            pointer_of=query.pointer_of,
        )


def with_format(transform: Transform, format: Format, *, pointer_of: PointerOf = str) -> Transform:
    """Return the transform with the extension's format. Raise ParameterError if it names another.

    A transform with the format "auto" stays as it is."""
    named = transform.output.format
    if named == "auto":
        return transform
    if named not in (None, format.name):
        raise ParameterError(
            f"Expected no format but auto beside the extension, which says {format.name}, "
            f"but received {named!r}",
            pointer=pointer_of("/format"),
        )
    output = replace(transform.output, format=format.name)  # type: ignore[arg-type]
    return Transform(transform.operations, output)


def _read_download(query: Query) -> str | None:
    """Return the name of the file to be saved; None if the image is to be shown. Raise ParameterError."""
    if "download" not in query.parameters:
        return None
    filename = clean_filename(query.parameters["download"], pointer="/download")
    if len(filename) > MAX_FILENAME:
        raise ParameterError(
            f"Expected at most {MAX_FILENAME} characters for download but received {len(filename)}",
            pointer="/download",
        )
    return filename


def _read_extension(extension: str) -> Format:
    """Return the format of an extension, in either case of letters. Raise UnsupportedFormat."""
    format = BY_EXTENSION.get(extension.lower())
    if format is not None and format.can_write:
        return format
    known = [*(name for written in WRITABLE for name in FORMATS[written].extensions), "json"]
    raise UnsupportedFormat(
        f"Expected one of {', '.join(known)} as extension but received {show_value(extension)}"
        f"{suggest(extension, known)}"
    )
