"""How a TIFF's page lays out its samples, from its tags.

Source: TIFF 6.0; its technical notes; Adobe's Photoshop TIFF technical notes for floats."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

WHITE_IS_ZERO = 0
BLACK_IS_ZERO = 1
RGB = 2
PALETTE = 3
CMYK = 5
YCBCR = 6
CIELAB = 8
ICCLAB = 9

_COLORS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3, CIELAB: 3, ICCLAB: 3}
"""Samples that are colours, by the kind of a picture."""
_ALPHA = 2
_MULTIPLIED_ALPHA = 1
_COREL_ALPHA = 999
_JPEG = 7
_OLD_JPEG = 6


class Tag:
    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    STRIP_OFFSETS = 273
    SAMPLES = 277
    ROWS_PER_STRIP = 278
    PLANAR = 284
    COLOR_MAP = 320
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    INK_SET = 332
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    SUBSAMPLING = 530


class Number(StrEnum):
    """The kinds of numbers that a sample may be."""

    UNSIGNED = "whole numbers"
    SIGNED = "signed whole numbers"
    FLOAT = "floating-point numbers"
    COMPLEX = "complex numbers"


_NUMBERS = {
    1: Number.UNSIGNED,
    2: Number.SIGNED,
    3: Number.FLOAT,
    4: Number.UNSIGNED,
    5: Number.COMPLEX,
    6: Number.COMPLEX,
}


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The layout of a page. Sizes are px as stored."""

    width: int
    height: int
    bits: int
    number: Number
    photometric: int
    samples: int
    is_planar: bool
    alpha: int | None
    """The index of the sample that is alpha."""
    is_multiplied: bool
    """Whether the colours are multiplied with alpha."""
    compression: int
    rows_per_strip: int
    tile: tuple[int, int] | None
    has_other_inks: bool = False
    is_subsampled: bool = False
    """Whether YCbCr has fewer samples of colour than of lightness."""
    is_uneven: bool = False
    """Whether samples differ in their bits or kinds of numbers."""

    @property
    def colors(self) -> int:
        return _COLORS.get(self.photometric, 1)

    @property
    def planes(self) -> int:
        return self.samples if self.is_planar else 1

    @property
    def row_bytes(self) -> int:
        return self.bytes_of(self.width)

    @property
    def is_jpeg(self) -> bool:
        return self.compression in (_JPEG, _OLD_JPEG)

    def bytes_of(self, width: int) -> int:
        """Return the bytes of a row of `width` px, in one plane."""
        samples = 1 if self.is_planar else self.samples
        return (width * samples * self.bits + 7) // 8


def read_layout(tags: Mapping[int, Any]) -> Layout:
    """Return the layout of the page with these tags. Raise ValueError if they are broken."""
    width = _number(tags, Tag.WIDTH)
    height = _number(tags, Tag.HEIGHT)
    compression = _number(tags, Tag.COMPRESSION, 1)
    photometric = _number(tags, Tag.PHOTOMETRIC, 0, least=0)
    if compression == _OLD_JPEG:
        photometric = YCBCR
    samples = _number(tags, Tag.SAMPLES, 3 if compression == _OLD_JPEG else 1)
    bits = _numbers(tags, Tag.BITS, samples, 1)
    formats = _numbers(tags, Tag.SAMPLE_FORMAT, samples, 1)
    extras = tags.get(Tag.EXTRA_SAMPLES, ())
    colors = _COLORS.get(photometric, 1)
    alpha, is_multiplied = _find_alpha(samples, colors, extras, photometric)
    tile = None
    if Tag.TILE_WIDTH in tags:
        tile = (_number(tags, Tag.TILE_WIDTH), _number(tags, Tag.TILE_HEIGHT))
    rows = _number(tags, Tag.ROWS_PER_STRIP, height)
    return Layout(
        width=width,
        height=height,
        bits=bits[0],
        number=_NUMBERS.get(formats[0], Number.UNSIGNED),
        photometric=photometric,
        samples=samples,
        is_planar=samples > 1 and _number(tags, Tag.PLANAR, 1) == 2,
        alpha=alpha,
        is_multiplied=is_multiplied,
        compression=compression,
        rows_per_strip=min(rows, height),
        tile=tile,
        has_other_inks=photometric == CMYK and _number(tags, Tag.INK_SET, 1, least=0) != 1,
        is_subsampled=photometric == YCBCR and tuple(tags.get(Tag.SUBSAMPLING, (2, 2))) != (1, 1),
        is_uneven=len(set(bits)) > 1 or len(set(formats)) > 1,
    )


def _find_alpha(
    samples: int,
    colors: int,
    extras: tuple[int, ...],
    photometric: int,
) -> tuple[int | None, bool]:
    """Return the index of the sample that is alpha, and whether colours are multiplied with it.

    Without a tag about it, the one sample behind grey or RGB is alpha, as usual writers mean it."""
    for index, kind in enumerate(extras[: samples - colors], colors):
        if kind in (_ALPHA, _MULTIPLIED_ALPHA, _COREL_ALPHA):
            return index, kind == _MULTIPLIED_ALPHA
    is_untold = not extras and samples == colors + 1 and photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB)
    return (colors, False) if is_untold else (None, False)


def _number(
    tags: Mapping[int, Any],
    tag: int,
    default: int | None = None,
    *,
    least: int = 1,
) -> int:
    value = tags.get(tag, default)
    if isinstance(value, tuple):
        value = value[0] if value else default
    if not isinstance(value, int) or value < least:
        raise ValueError(f"Expected a whole number of at least {least} as tag {tag} but received {value!r}")
    return value


def _numbers(
    tags: Mapping[int, Any],
    tag: int,
    count: int,
    default: int,
) -> tuple[int, ...]:
    """Return a number per sample. One number stands for all."""
    values = tags.get(tag, (default,))
    values = values if isinstance(values, tuple) else (values,)
    if not 0 < count <= 65_535 or not all(isinstance(value, int) and value > 0 for value in values):
        raise ValueError(f"Expected positive whole numbers as tag {tag}")
    if len(values) == 1:
        return (values[0],)
    if len(values) < count:
        raise ValueError(f"Expected {count} numbers as tag {tag} but received {len(values)}")
    return tuple(values[:count])
