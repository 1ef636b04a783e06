"""Encodes that are tried to choose options."""

from io import BytesIO
from typing import Any

from PIL import Image

SaveOptions = dict[str, Any]
"""Options of Pillow's save()."""


def bytes_of(
    image: Image.Image,
    pillow_format: str,
    options: SaveOptions,
) -> int:
    """Return the number of bytes that an image takes in a format."""
    buffer = BytesIO()
    image.save(buffer, pillow_format, **options)
    return buffer.getbuffer().nbytes
