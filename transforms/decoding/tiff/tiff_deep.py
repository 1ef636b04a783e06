"""TIFF of any usual depth, kind of numbers and layout, and the page that is the picture.

Pillow decodes the kinds that it decodes rightly: 8 bits and less, not Lab. All others are decoded here."""

from collections.abc import Iterator
from typing import Any

from PIL import ExifTags, Image, ImageChops, ImageFile, ImagePalette, TiffImagePlugin

from progimage.errors import UnprocessableImage
from transforms.color.modes import grey_levels
from transforms.geometry import Size
from transforms.orientation import turn_upright, upright_size

from . import libtiff
from .tiff_colors import is_light, levels, plain_grey, to_colors
from .tiff_kinds import check_content, check_samples
from .tiff_layout import (
    BLACK_IS_ZERO,
    CIELAB,
    CMYK,
    ICCLAB,
    PALETTE,
    WHITE_IS_ZERO,
    YCBCR,
    Layout,
    Number,
    Tag,
    read_layout,
)
from .tiff_pages import find_page, is_canon_raw, load_directory
from .tiff_samples import read_samples

_GREY = (WHITE_IS_ZERO, BLACK_IS_ZERO)
_LAB = (CIELAB, ICCLAB)
_PACKED_BITS = (1, 2, 4)
_MAX_BYTE = 255


class TiffImage(TiffImagePlugin.TiffImageFile):
    """A TIFF whose picture is right at any depth.

    Opening it raises UnprocessableImage for a kind that cannot be decoded."""

    layout: Layout

    def _open(self) -> None:
        if self.fp is None:
            raise ValueError("Expected an open file")
        if is_canon_raw(self.fp):
            raise UnprocessableImage("Expected a developed picture but received a camera's raw file (CR2)")
        first = load_directory(self.fp)
        offset = find_page(self.fp, first)
        self.tag_v2 = first if offset == first.offset else load_directory(self.fp, offset)
        self.tag = TiffImagePlugin.ImageFileDirectory_v1.from_v2(self.tag_v2)
        self._fp = self.fp
        self._n_frames = 1
        self.is_animated = False
        xmp = self.tag_v2.get(TiffImagePlugin.XMP)
        if xmp is not None:
            self.info["xmp"] = xmp[0] if isinstance(xmp, tuple) and len(xmp) == 1 else xmp
        self._reload_exif()
        self._setup()

    def seek(self, frame: int) -> None:
        """Raise EOFError for any page but the one that is shown."""
        if frame:
            raise EOFError("Expected the page that is shown")

    def tell(self) -> int:
        return 0

    def _setup(self) -> None:
        self.layout = read_layout(self.tag_v2)
        check_content(self.layout)
        self.is_deep = not self._is_for_pillow()
        if not self.is_deep:
            return
        check_samples(self.layout)
        size = Size(self.layout.width, self.layout.height)
        upright = upright_size(size, self._orientation)
        self._size = (upright.width, upright.height)
        self._mode = _mode(self.layout)
        self.tile = []
        self.palette = None
        if TiffImagePlugin.ICCPROFILE in self.tag_v2:
            self.info["icc_profile"] = self.tag_v2[TiffImagePlugin.ICCPROFILE]

    def load(self) -> Any:
        if self.is_deep and self._im is None and self.fp is not None:
            decoded = turn_upright(self._decode(), self._orientation)
            self.im = decoded.im
            self._mode = decoded.mode
            if self.layout.photometric in _LAB:
                self.info.pop("icc_profile", None)
            return Image.Image.load(self)
        return super().load()

    def load_end(self) -> None:
        """Turn the picture by the page's own tag. Pillow would believe an orientation in XMP, too."""
        self.im = turn_upright(self, self._orientation).im

    @property
    def _orientation(self) -> int:
        value = self.tag_v2.get(ExifTags.Base.Orientation, 1)
        return value if isinstance(value, int) and 1 <= value <= 8 else 1

    def _is_for_pillow(self) -> bool:
        """Whether Pillow decodes the page, and rightly."""
        layout = self.layout
        if layout.photometric in _LAB and not layout.is_jpeg and libtiff.is_available():
            # LittleCMS would sample it so coarsely that colours are up to 30 levels off
            return False
        is_byte = layout.bits == 8 or (layout.bits in _PACKED_BITS and layout.samples == 1)
        is_usual = (
            is_byte and layout.number == Number.UNSIGNED and not layout.is_uneven and not layout.is_planar
        )
        if layout.tile and Tag.STRIP_OFFSETS in self.tag_v2:
            # tiles in the tags of strips, which libtiff reads and Pillow takes for strips
            return False
        if not is_usual and not (layout.is_jpeg and layout.bits == 8):
            return False
        try:
            super()._setup()
        except SyntaxError:
            return False
        if layout.photometric == YCBCR and not self.use_load_libtiff:
            # Pillow's own reader takes no heed of subsampling
            self.use_load_libtiff = True
            extents = (0, 0, layout.width, layout.height)
            self._mode = "RGB"
            self.tile = [ImageFile._Tile("libtiff", extents, 0, ("RGBX", False, self.tag_v2.offset))]  # noqa: SLF001
        if layout.photometric == PALETTE and max(self.tag_v2[Tag.COLOR_MAP]) <= _MAX_BYTE:
            # some writers fill the map of 16 bits with values of 8
            self.palette = ImagePalette.raw("RGB;L", bytes(self.tag_v2[Tag.COLOR_MAP]))
        return True

    def _decode(self) -> Image.Image:
        layout = self.layout
        if self.fp is None:
            raise ValueError("Expected an open file")
        if layout.photometric in _GREY and not _has_known_white(layout):
            return self._decode_numbers()
        image = Image.new(self._mode, (layout.width, layout.height))
        is_linear = is_light(layout) and "icc_profile" not in self.info
        color_map = self.tag_v2[Tag.COLOR_MAP] if layout.photometric == PALETTE else ()
        for top, samples in self._rows():
            colors = to_colors(samples, layout, color_map=color_map, is_linear=is_linear)
            image.paste(colors, (0, top))
        return image

    def _decode_numbers(self) -> Image.Image:
        """Return grey whose white follows from all its numbers."""
        layout = self.layout
        size = (layout.width, layout.height)
        numbers = Image.new("F", size)
        alpha = Image.new("L", size)
        for top, samples in self._rows():
            if layout.alpha is not None:
                alpha.paste(levels(samples[layout.alpha], layout), (0, top))
            numbers.paste(plain_grey(samples, layout), (0, top))
        grey = grey_levels(numbers, _whites(layout))
        if layout.photometric == WHITE_IS_ZERO:
            grey = ImageChops.invert(grey)
        if layout.alpha is not None:
            grey.putalpha(alpha)
        return grey

    def _rows(self) -> Iterator[tuple[int, list[Image.Image]]]:
        if self.fp is None:
            raise ValueError("Expected an open file")
        for top, rows, planes in libtiff.read_rows(self.fp, self.tag_v2.offset, self.layout):
            yield top, read_samples(planes, self.layout, rows)


def _has_known_white(layout: Layout) -> bool:
    return layout.number == Number.UNSIGNED and layout.bits <= 16


def _mode(layout: Layout) -> str:
    if layout.photometric == CMYK:
        return "CMYK"
    mode = "L" if layout.photometric in _GREY else "RGB"
    return mode if layout.alpha is None else mode + "A"


def _whites(layout: Layout) -> tuple[int, ...]:
    """Return the numbers that may be white."""
    if layout.number == Number.FLOAT:
        return (1, 255, 65_535)
    bits = layout.bits if layout.number == Number.UNSIGNED else layout.bits - 1
    # mode F rounds the largest number of 31 and of 32 bits up to the power of two
    largest = 2**bits - 1 if bits <= 16 else 2**bits
    return (*(white for white in (1, 255, 65_535) if white < largest), largest)
