"""The density of a picture in print: read from the format's own field or from EXIF, and written to both."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from PIL import ExifTags, ImageFile

from transforms.geometry import Changes

from .exif import RATIONAL, SHORT, ByteOrder, Directory, Exif, Value

_X = int(ExifTags.Base.XResolution)
_Y = int(ExifTags.Base.YResolution)
_UNIT = int(ExifTags.Base.ResolutionUnit)
DENSITY_TAGS = frozenset({_X, _Y, _UNIT})

_INCH = 2
_CENTIMETRE = 3
"""TIFF 6.0, section 8. Unit 1 is none: the numbers are proportions then."""
_CM_PER_INCH = Fraction("2.54")
_JFIF_UNITS = (1, 2)
"""Inches and centimetres (ITU-T T.871, 10.1)."""
_LEAST = Fraction(1, 10)
_MOST = 65_535
"""Per inch. JFIF holds no more."""
_PNG_ROUNDING = 0.0128
"""Half of a px per metre, in px per inch: 300 per inch are 11,811 per metre in a PNG, and 299.9994 again."""
_MAX_DENOMINATOR = 10_000


class Density(NamedTuple):
    """Px per inch."""

    x: Fraction
    y: Fraction

    def after(self, changes: Changes) -> "Density | None":
        """Return the density of the changed picture; None if it is no longer one number for each axis."""
        if self.x == self.y:
            return self
        if changes.is_askew:
            return None
        return Density(self.y, self.x) if changes.swaps_sides else self

    def as_dpi(self) -> tuple[float, float]:
        return float(self.x), float(self.y)


def read_density(image: ImageFile.ImageFile, exif: Exif) -> Density | None:
    """Return the density that the format's own field gives, or else EXIF; None if neither has a unit."""
    return _read_own_field(image) or _read_exif_density(exif)


def with_density(exif: Exif, density: Density | None) -> Exif:
    """Return EXIF with this density and no other."""
    values = {tag: value for tag, value in exif.image.items() if tag not in DENSITY_TAGS}
    if density is not None:
        values[_X] = Value(RATIONAL, _pack(density.x, exif.order))
        values[_Y] = Value(RATIONAL, _pack(density.y, exif.order))
        values[_UNIT] = Value(SHORT, _INCH.to_bytes(2, exif.order))
    return exif.with_image(values)


def _read_own_field(image: ImageFile.ImageFile) -> Density | None:
    info: Mapping[Any, Any] = image.info
    if image.format in ("JPEG", "MPO"):
        # without a unit Pillow makes a density up
        has_field = info.get("jfif_unit") in _JFIF_UNITS
    else:
        has_field = image.format in ("PNG", "BMP", "JPEG2000")
    pair = info.get("dpi")
    if not has_field or not isinstance(pair, tuple):
        return None
    return _density(*(Fraction(value) for value in pair))


def _read_exif_density(exif: Exif) -> Density | None:
    tags = exif.image
    x = _read_ratio(tags, _X, exif.order)
    y = _read_ratio(tags, _Y, exif.order) or x
    unit = int.from_bytes(tags[_UNIT].content[:2], exif.order) if _UNIT in tags else _INCH
    if x is None or y is None or unit not in (_INCH, _CENTIMETRE):
        return None
    factor = _CM_PER_INCH if unit == _CENTIMETRE else 1
    return _density(x * factor, y * factor)


def _read_ratio(tags: Directory, tag: int, order: ByteOrder) -> Fraction | None:
    value = tags.get(tag)
    if value is None or value.type != RATIONAL or len(value.content) < 8:
        return None
    numerator = int.from_bytes(value.content[:4], order)
    denominator = int.from_bytes(value.content[4:8], order)
    return Fraction(numerator, denominator) if denominator else None


def _density(x: Fraction, y: Fraction) -> Density | None:
    if not all(_LEAST <= value <= _MOST for value in (x, y)):
        return None
    return Density(_snapped(x), _snapped(y))


def _snapped(value: Fraction) -> Fraction:
    """Return a whole number that a PNG has rounded, as it was before."""
    whole = round(value)
    return Fraction(whole) if abs(value - whole) <= _PNG_ROUNDING else value


def _pack(value: Fraction, order: ByteOrder) -> bytes:
    short = value.limit_denominator(_MAX_DENOMINATOR)
    return short.numerator.to_bytes(4, order) + short.denominator.to_bytes(4, order)
