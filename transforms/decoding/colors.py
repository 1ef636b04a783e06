"""How the colours of an opened image are described, in the order that its format prescribes."""

from collections.abc import Callable, Mapping
from io import BytesIO
from struct import unpack
from typing import IO

from PIL import ImageFile, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

from transforms.color.cicp import describe_cicp
from transforms.color.description import SRGB, UNDESCRIBED, ColorDescription, ColorSpace, Curve, Primaries
from transforms.color.facts import describe, summarize
from transforms.formats.table import Format
from transforms.limits import Limits

from .avif_colors import describe_nclx, read_av1_depth, read_avif_properties
from .bmp_colors import describe_bmp
from .jp2_colors import describe_jp2, read_jp2_depth
from .png_stream import BoundedStream

_BITS_PER_SAMPLE = 258
_PALETTE = 3
_PALETTE_DEPTH = 8
_EXACT_GAMMA = 45_455
_GAMMA_TOLERANCE = 500
_UNIT = 100_000


def read_color(image: ImageFile.ImageFile, format: Format, limits: Limits) -> ColorDescription:
    """Return the description of an image that has been opened and not yet decoded."""
    profile = _read_profile(image, limits)
    read = _READERS.get(format.name)
    return read(image, profile, limits) if read else describe(profile, UNDESCRIBED)


def read_color_space(image: ImageFile.ImageFile, format: Format, description: ColorDescription) -> ColorSpace:
    read_depth = _DEPTHS.get(format.name)
    return summarize(description, read_depth(image) if read_depth else _PALETTE_DEPTH)


def _read_profile(image: ImageFile.ImageFile, limits: Limits) -> bytes | None:
    """Return the profile that the decoder found if it is within the limits."""
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not profile:
        return None
    return profile if len(profile) <= limits.max_profile_bytes else None


def _describe_png(
    image: ImageFile.ImageFile,
    profile: bytes | None,
    _: Limits,
) -> ColorDescription:
    """Follow the PNG specification, third edition, table 12.1: cICP, iCCP, sRGB, and then gAMA with cHRM."""
    chunks = _png_chunks(image)
    by_code_points = _read_code_points(chunks.get(b"cICP", b""))
    if by_code_points != UNDESCRIBED:
        return by_code_points
    if b"sRGB" in chunks:
        return describe(profile, SRGB)
    calibration = ColorDescription(
        primaries=_read_chromaticities(chunks.get(b"cHRM", b"")),
        transfer=_read_gamma(chunks.get(b"gAMA", b"")),
    )
    return describe(profile, calibration)


def _read_code_points(content: bytes) -> ColorDescription:
    """Return the description by cICP. Other matrices than that of RGB are not allowed there."""
    if len(content) != 4 or content[2] != 0:
        return UNDESCRIBED
    return describe_cicp(content[0], content[1])


def _png_chunks(image: ImageFile.ImageFile) -> Mapping[bytes, bytes]:
    stream = image.png if isinstance(image, PngImagePlugin.PngImageFile) else None
    return stream.colors if isinstance(stream, BoundedStream) else {}


def _read_gamma(content: bytes) -> Curve | None:
    """Return the curve by gAMA, which holds the exponent of the encoding; None for that of sRGB."""
    value = int.from_bytes(content[:4])
    if len(content) < 4 or value == 0 or abs(value - _EXACT_GAMMA) <= _GAMMA_TOLERANCE:
        return None
    return Curve(_UNIT / value)


def _read_chromaticities(content: bytes) -> Primaries | None:
    if len(content) < 32:
        return None
    values = [value / _UNIT for value in unpack(">8I", content[:32])]
    white, red, green, blue = zip(values[::2], values[1::2], strict=True)
    return Primaries(red, green, blue, white)


def _describe_avif(
    image: ImageFile.ImageFile,
    profile: bytes | None,
    _: Limits,
) -> ColorDescription:
    properties = read_avif_properties(_file(image))
    return describe(profile, describe_nclx(properties))


def _describe_heic(
    image: ImageFile.ImageFile,
    profile: bytes | None,
    _: Limits,
) -> ColorDescription:
    nclx = image.info.get("nclx_profile")
    if not isinstance(nclx, dict):
        return describe(profile, UNDESCRIBED)
    code_points = describe_cicp(int(nclx["color_primaries"]), int(nclx["transfer_characteristics"]))
    return describe(profile, code_points)


def _describe_jp2(
    image: ImageFile.ImageFile,
    profile: bytes | None,
    limits: Limits,
) -> ColorDescription:
    return describe_jp2(_file(image), limits.max_profile_bytes)


def _describe_bmp(
    image: ImageFile.ImageFile,
    profile: bytes | None,
    limits: Limits,
) -> ColorDescription:
    return describe_bmp(_file(image), limits.max_profile_bytes)


def _png_depth(image: ImageFile.ImageFile) -> int | None:
    header = _png_chunks(image).get(b"IHDR", b"")
    if len(header) < 10:
        return None
    return _PALETTE_DEPTH if header[9] == _PALETTE else header[8]


def _jpeg_depth(image: ImageFile.ImageFile) -> int | None:
    return image.bits if isinstance(image, JpegImagePlugin.JpegImageFile) else None


def _tiff_depth(image: ImageFile.ImageFile) -> int | None:
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return None
    bits = image.tag_v2.get(_BITS_PER_SAMPLE, (1,))
    return int(bits[0]) if bits else None


def _heic_depth(image: ImageFile.ImageFile) -> int | None:
    depth = image.info.get("bit_depth")
    return depth if isinstance(depth, int) else None


def _avif_depth(image: ImageFile.ImageFile) -> int | None:
    return read_av1_depth(read_avif_properties(_file(image)))


def _jp2_depth(image: ImageFile.ImageFile) -> int | None:
    return read_jp2_depth(_file(image))


def _file(image: ImageFile.ImageFile) -> IO[bytes]:
    return image.fp or BytesIO()


_Reader = Callable[[ImageFile.ImageFile, bytes | None, Limits], ColorDescription]
_READERS: Mapping[str, _Reader] = {
    "png": _describe_png,
    "avif": _describe_avif,
    "heic": _describe_heic,
    "jp2": _describe_jp2,
    "bmp": _describe_bmp,
}
_DEPTHS: Mapping[str, Callable[[ImageFile.ImageFile], int | None]] = {
    "png": _png_depth,
    "jpeg": _jpeg_depth,
    "tiff": _tiff_depth,
    "heic": _heic_depth,
    "avif": _avif_depth,
    "jp2": _jp2_depth,
}
"""Formats that are not named have 8 bits."""
