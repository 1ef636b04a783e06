"""The facts of an original's header, as an image's row has them."""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any

from transforms.color.description import ColorSpace
from transforms.decoding.header import Header

from .images import Image


def header_of(image: Image) -> Header:
    """Return the header that decoding found when the image was uploaded, or last read again."""
    facts = {name: getattr(image, name) for name in _HEADER_FIELDS}
    if image.color_space is not None:
        facts |= {"is_hdr": image.is_hdr, "color_space": color_space_of(image.color_space)}
    return Header(**facts)


def color_space_of(document: Mapping[str, Any]) -> ColorSpace:
    """Return the color space that a row has as JSON.

    Servers of two releases, which may know other parts, share the rows."""
    return ColorSpace(**{name: document.get(name) for name in _COLOR_PARTS})


def facts_of(header: Header) -> dict[str, Any]:
    """Return the facts of a header by the names of an image's fields."""
    return {
        "format": header.format,
        "width": header.width,
        "height": header.height,
        "frames": header.frames,
        "has_alpha": header.has_alpha,
        "orientation": header.orientation,
        "is_hdr": header.is_hdr,
        "color_space": asdict(header.color_space),
    }


_HEADER_FIELDS = [header_field.name for header_field in fields(Header) if header_field.default is MISSING]
_COLOR_PARTS = [part.name for part in fields(ColorSpace)]
