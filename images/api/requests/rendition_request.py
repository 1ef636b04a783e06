"""GET /images/<uuid>.<ext> and GET /images/<uuid>: an image in a format, or the original."""

from dataclasses import dataclass

from rest_framework.request import Request

from images.delivery.responses import DeliveryOptions
from images.models import MAX_FILENAME
from images.renditions.preparing import Acceptance
from progimage.errors import ParameterError
from progimage.operations import escape_pointer
from progimage.text_form import parse_query
from progimage.transform import Transform
from transforms.formats.table import Format

from .format import read_extension, with_format
from .query import PointerOf, pointer_in_query, read_query, signature_expires_at

_BESIDE_TRANSFORM = ("download", "v")


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
        format = read_extension(extension) if extension is not None else None
        query = read_query(request)
        transform_query = {name: text for name, text in query.items() if name not in _BESIDE_TRANSFORM}
        options = DeliveryOptions.read(
            request,
            download=_read_download(query.get("download")),
            is_versioned="v" in query,
            expires_at=signature_expires_at(request),
        )
        return cls(
            transform=_read_transform(transform_query, format),
            acceptance=Acceptance(request.headers.get("Accept", ""), fallback=format),
            options=options,
            pointer_of=pointer_in_query(query),
        )


def _read_transform(query: dict[str, str], format: Format | None) -> Transform | None:
    if format is not None:
        return with_format(parse_query(query.items()), format)
    if not query:
        return None
    transform = parse_query(query.items())
    if transform.output.format is None:
        name = next(iter(query))
        raise ParameterError(
            f"Expected a format for {name[:60]!r}, in the query or as extension",
            pointer=f"/{escape_pointer(name)}",
        )
    return transform


def _read_download(filename: str | None) -> str | None:
    if filename is not None and (len(filename) > MAX_FILENAME or not filename.isprintable()):
        raise ParameterError(
            f"Expected at most {MAX_FILENAME} printable characters for download",
            pointer="/download",
        )
    return filename
