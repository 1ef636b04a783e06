"""The colours and the depth that a PNG declares (PNG specification, third edition)."""

from collections.abc import Mapping
from dataclasses import replace
from struct import unpack

from PIL import ImageFile, PngImagePlugin

from transforms.color.cicp import describe_png_cicp
from transforms.color.description import (
    BT709,
    SRGB,
    UNDESCRIBED,
    ColorDescription,
    Curve,
    Primaries,
    is_near_primaries,
)
from transforms.color.facts import describe
from transforms.limits import Limits

from .png_stream import BoundedStream

_PALETTE = 3
_PALETTE_DEPTH = 8
_UNIT = 100_000
_NITS = 0.0001
_SRGB_EXPONENT = 0.45455
_EXPONENT_TOLERANCE = 0.05
"""As libpng and browsers have it."""
_MIN_EXPONENT = 0.1
_MAX_EXPONENT = 10.0


def describe_png(
    image: ImageFile.ImageFile,
    profile: bytes | None,
    _: Limits,
) -> ColorDescription:
    """Follow the PNG specification, third edition, table 12.1: cICP, iCCP, sRGB, and then gAMA with cHRM."""
    chunks = _png_chunks(image)
    by_code_points = _read_code_points(chunks.get(b"cICP", b""))
    if by_code_points != UNDESCRIBED:
        return replace(by_code_points, peak_nits=_read_peak(chunks))
    if b"sRGB" in chunks:
        return describe(profile, SRGB)
    calibration = _read_calibration(chunks.get(b"gAMA", b""), chunks.get(b"cHRM", b""))
    return describe(profile, calibration)


def read_png_depth(image: ImageFile.ImageFile) -> int | None:
    """Return the bits of a sample; of a palette those of its colours."""
    header = _png_chunks(image).get(b"IHDR", b"")
    if len(header) < 10:
        return None
    return _PALETTE_DEPTH if header[9] == _PALETTE else header[8]


def _read_code_points(content: bytes) -> ColorDescription:
    """Return the description by cICP if it is of RGB and of full range. Browsers ignore others."""
    if content[2:] != b"\0\1":
        return UNDESCRIBED
    return describe_png_cicp(content[0], content[1])


def _png_chunks(image: ImageFile.ImageFile) -> Mapping[bytes, bytes]:
    stream = image.png if isinstance(image, PngImagePlugin.PngImageFile) else None
    return stream.colors if isinstance(stream, BoundedStream) else {}


def _read_peak(chunks: Mapping[bytes, bytes]) -> float | None:
    """Return the brightest light in nits: the picture's, else that of the display on which it was graded."""
    picture = int.from_bytes(chunks.get(b"cLLI", b"")[:4])
    display = int.from_bytes(chunks.get(b"mDCV", b"")[16:20])
    return (picture or display) * _NITS or None


def _read_calibration(gamma: bytes, chromaticities: bytes) -> ColorDescription:
    """Return the description by gAMA, which holds the exponent of the encoding, and cHRM.

    Chromaticities count only beside a gamma, as in browsers. About 0.45455 is sRGB's curve, unless the
    primaries are others."""
    exponent = int.from_bytes(gamma[:4]) / _UNIT
    if len(gamma) < 4 or not _MIN_EXPONENT <= exponent <= _MAX_EXPONENT:
        return UNDESCRIBED
    primaries = _read_chromaticities(chromaticities)
    is_like_srgb = primaries is None or is_near_primaries(primaries, BT709)
    if is_like_srgb and abs(exponent / _SRGB_EXPONENT - 1) <= _EXPONENT_TOLERANCE:
        return SRGB
    return ColorDescription(primaries=primaries, transfer=Curve(1 / exponent))


def _read_chromaticities(content: bytes) -> Primaries | None:
    if len(content) < 32:
        return None
    values = [value / _UNIT for value in unpack(">8I", content[:32])]
    white, red, green, blue = zip(values[::2], values[1::2], strict=True)
    return Primaries(red, green, blue, white)
