"""How the colours of an opened image are described, in the order that its format prescribes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from io import BytesIO
from typing import IO

from PIL import ImageFile, JpegImagePlugin, TiffImagePlugin

from transforms.color.cicp import describe_nclx_code_points
from transforms.color.description import UNDESCRIBED, ColorDescription, ColorSpace
from transforms.color.facts import describe, summarize
from transforms.formats.table import Format
from transforms.limits import Limits

from .avif.avif_colors import Picture, describe_avif, read_av1_depth, read_peak, read_picture
from .avif.avif_crop import AvifImage
from .bitmaps.bmp_colors import describe_bmp
from .bitmaps.ico_entries import IcoImage
from .jp2.jp2_colors import describe_jp2, read_jp2_depth
from .png.png_colors import describe_png, read_png_depth

_BITS_PER_SAMPLE = 258
_USUAL_DEPTH = 8


def read_color(image: ImageFile.ImageFile, format: Format, limits: Limits) -> ColorDescription:
    """Return the description of an image that has been opened and not yet decoded."""
    profile = _read_profile(image, limits)
    read = _READERS.get(format.name)
    return read(image, profile, limits) if read else describe(profile, UNDESCRIBED)


def read_color_space(image: ImageFile.ImageFile, format: Format, description: ColorDescription) -> ColorSpace:
    read_depth = _DEPTHS.get(format.name)
    return summarize(description, read_depth(image) if read_depth else _USUAL_DEPTH)


def _read_profile(image: ImageFile.ImageFile, limits: Limits) -> bytes | None:
    """Return the profile that the decoder found if it is within the limits."""
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not profile:
        return None
    return profile if len(profile) <= limits.max_profile_bytes else None


def _describe_avif(
    image: ImageFile.ImageFile,
    profile: bytes | None,
    _: Limits,
) -> ColorDescription:
    picture = _picture(image)
    description = describe(profile, describe_avif(picture))
    bits = read_av1_depth(picture.properties) or _USUAL_DEPTH
    return replace(description, is_cut=description.is_hdr and bits > _USUAL_DEPTH)


def _describe_heic(
    image: ImageFile.ImageFile,
    profile: bytes | None,
    _: Limits,
) -> ColorDescription:
    nclx = image.info.get("nclx_profile")
    if not isinstance(nclx, dict):
        return describe(profile, UNDESCRIBED)
    primaries = int(nclx["color_primaries"])
    transfer = int(nclx["transfer_characteristics"])
    by_code_points = describe_nclx_code_points(primaries, transfer)
    peak_nits = read_peak(_picture(image).properties)
    return describe(profile, replace(by_code_points, peak_nits=peak_nits))


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


def _describe_ico(
    image: ImageFile.ImageFile,
    profile: bytes | None,
    limits: Limits,
) -> ColorDescription:
    """Describe a PNG in an icon as any PNG. Bitmaps in icons have no description."""
    picture = image.picture if isinstance(image, IcoImage) else None
    return describe_png(picture, profile, limits) if picture else UNDESCRIBED


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
    return read_av1_depth(_picture(image).properties)


def _jp2_depth(image: ImageFile.ImageFile) -> int | None:
    return read_jp2_depth(_file(image))


def _picture(image: ImageFile.ImageFile) -> Picture:
    return image.picture if isinstance(image, AvifImage) else read_picture(_file(image))


def _ico_depth(image: ImageFile.ImageFile) -> int | None:
    picture = image.picture if isinstance(image, IcoImage) else None
    return read_png_depth(picture) if picture else _USUAL_DEPTH


def _file(image: ImageFile.ImageFile) -> IO[bytes]:
    return image.fp or BytesIO()


_Reader = Callable[[ImageFile.ImageFile, bytes | None, Limits], ColorDescription]
_READERS: Mapping[str, _Reader] = {
    "png": describe_png,
    "avif": _describe_avif,
    "heic": _describe_heic,
    "jp2": _describe_jp2,
    "bmp": _describe_bmp,
    "ico": _describe_ico,
}
_DEPTHS: Mapping[str, Callable[[ImageFile.ImageFile], int | None]] = {
    "png": read_png_depth,
    "jpeg": _jpeg_depth,
    "tiff": _tiff_depth,
    "heic": _heic_depth,
    "avif": _avif_depth,
    "jp2": _jp2_depth,
    "ico": _ico_depth,
}
"""Formats that are not named have 8 bits."""
