"""Decodes that reduce an image while they decode it, if its decoder can."""

from typing import NamedTuple

from PIL import Image, ImageFile

from transforms.geometry import Size, reduced

from .header import Header
from .jpeg.jpeg_sampling import is_lossless
from .webp_scaled import decode_scaled


class Scaled(NamedTuple):
    """A decode, and the number of its px per px of the original, across and down."""

    image: Image.Image
    across: float
    down: float

    def of_larger(self, decoded: Size, larger: Size) -> "Scaled":
        """Return the same decode as one of a larger image, whose reduced copy has the size `decoded`."""
        across = self.across * decoded.width / larger.width
        down = self.down * decoded.height / larger.height
        return Scaled(self.image, across, down)


def scale_decode(
    image: ImageFile.ImageFile,
    header: Header,
    scale: int,
    *,
    is_luma_alone: bool = False,
) -> Scaled:
    """Let the decoder reduce each side to 1/`scale` if it can; `scale` is 1, 2, 4 or 8.

    With `is_luma_alone` the decoder leaves out the colours, too."""
    whole = Scaled(image, 1.0, 1.0)
    decode = _SCALED.get(header.format)
    if decode is None or (scale == 1 and not is_luma_alone):
        return whole
    return decode(image, header, scale, is_luma_alone) or whole


def _draft(
    image: ImageFile.ImageFile,
    header: Header,
    scale: int,
    is_luma_alone: bool,
) -> Scaled | None:
    """Return a scaled decode of a JPEG; None for a lossless one, which consists of no blocks."""
    if is_lossless(image):
        return None
    width = max(1, header.width // scale)
    height = max(1, header.height // scale)
    image.draft("L" if is_luma_alone else None, (width, height))
    return Scaled(image, 1 / scale, 1 / scale)


def _shrink(
    image: ImageFile.ImageFile,
    header: Header,
    scale: int,
    is_luma_alone: bool,
) -> Scaled | None:
    """Return a scaled decode of an opaque still WebP.

    libwebp averages colours without regard to alpha, and decodes animations at full size only."""
    if header.has_alpha or header.frames > 1 or image.fp is None:
        return None
    image.fp.seek(0)
    size = reduced(header.stored, scale)
    small = decode_scaled(image.fp.read(), size)
    if small is None:
        return None
    across = size.width / header.width
    down = size.height / header.height
    return Scaled(small, across, down)


_SCALED = {"jpeg": _draft, "webp": _shrink}
