"""Images that are written, and read again."""

import io
from pathlib import Path

from PIL import Image

from tests.support import images as made


def shown(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def write(image: Image.Image, query: str, folder: Path) -> bytes:
    return made.rendered(made.encoded("png", image), query, folder)[1]


def faded(width: int = 64, height: int = 48) -> Image.Image:
    """The picture, from transparent at the left to opaque at the right."""
    image = made.picture(width, height)
    image.putalpha(Image.linear_gradient("L").rotate(90).resize(image.size))
    return image
