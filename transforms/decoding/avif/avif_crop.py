"""The clean aperture of an AVIF (ISO/IEC 14496-12, 12.1.4): the part of the coded picture that is shown.

Pillow shows all of it. libheif, and so a HEIC, shows the part alone. It is cut out before the picture is
turned and mirrored (ISO/IEC 23000-22, 7.3.6.7)."""

from fractions import Fraction
from math import floor
from struct import unpack
from typing import Any, NamedTuple

from PIL import AvifImagePlugin, Image

from transforms.geometry import Size

from .avif_colors import NO_PICTURE, read_picture
from .avif_kinds import check_kind

_CLAP_BYTES = 32
_HALF = Fraction(1, 2)


class Crop(NamedTuple):
    """A part of a picture, by its edges in px."""

    left: int
    top: int
    right: int
    bottom: int


class AvifImage(AvifImagePlugin.AvifImageFile):
    """An AVIF whose clean aperture has been applied."""

    def _open(self) -> None:
        super()._open()
        self.coded = Size(*self._size)
        Image._decompression_bomb_check(self.coded)  # noqa: SLF001  of the picture that is decoded
        self.picture = read_picture(self.fp) if self.fp else NO_PICTURE
        """Its properties, read once for the crop, the colours and the depth."""
        check_kind(self.picture)
        self.crop_edges = self._find_crop()
        self._show_crop()

    def load(self) -> Any:
        if not self.tile or self.crop_edges is None:
            return super().load()
        # Pillow's decoder fills an image of the size that is told now
        self._size = self.coded
        self.tile = [self.tile[0]._replace(extents=(0, 0, *self.coded))]
        super().load()
        self.im = self.im.crop(tuple(self.crop_edges))
        self._show_crop()
        return super().load()

    def _find_crop(self) -> Crop | None:
        for box in self.picture.properties:
            if box.kind == b"clap":
                return find_crop(box.content, self.coded)
        return None

    def _show_crop(self) -> None:
        if self.crop_edges:
            left, top, right, bottom = self.crop_edges
            self._size = (right - left, bottom - top)


def find_crop(clap: bytes, coded: Size) -> Crop | None:
    """Return the part that a clean aperture box shows, in whole px as libheif rounds them.

    None, as browsers have it, if the box is broken, or if the part is empty or reaches out of the picture."""
    if len(clap) < _CLAP_BYTES:
        return None
    numbers = unpack(">IIIIiIiI", clap[:_CLAP_BYTES])
    if not all(numbers[1::2]):
        return None
    width, height, across, down = (
        Fraction(number, denominator) for number, denominator in zip(numbers[::2], numbers[1::2], strict=True)
    )
    left = floor((coded.width - width) / 2 + across)
    top = floor((coded.height - height) / 2 + down)
    crop = Crop(left, top, left + floor(width + _HALF), top + floor(height + _HALF))
    is_within = 0 <= crop.left < crop.right <= coded.width and 0 <= crop.top < crop.bottom <= coded.height
    return crop if is_within else None
