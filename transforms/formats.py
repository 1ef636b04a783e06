"""The formats: a table of facts, read by everything that needs one.

A ceiling in pixels is what the encoder does, of a photograph with much noise, in 6 s and 1 GB on one core of
a small virtual machine: the deadline is 10 s, and a child has 1.5 GB."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from io import BytesIO
from types import MappingProxyType
from typing import Any

from progimage.operations import Output

from .geometry import Size
from .metadata import Metadata, append_metadata, as_jpeg_options, as_options, as_png_options

SaveOptions = dict[str, Any]

_TIFF_PREDICTOR, _HORIZONTAL = 317, 2
"""TIFF 6.0, section 14: differences of neighbours pack better."""


def _by_pixels(pixels: int, *steps: tuple[int, int], beyond: int) -> int:
    """Return the value of the first step (most pixels, value) that holds `pixels`."""
    return next((value for most, value in steps if pixels <= most), beyond)


def _plain(_: Output, __: Size, ___: int) -> SaveOptions:
    return {}


def _jpeg(output: Output, size: Size, _: int) -> SaveOptions:
    # optimized tables save 1-2 % of the bytes for twice the time; progressive ones cannot do without
    optimize = output.progressive or size.pixels <= 1_000_000
    return {"quality": output.quality, "progressive": output.progressive, "optimize": optimize}


def _png(_: Output, size: Size, frames: int) -> SaveOptions:
    # beyond, level 1 takes a third of the time, and its bytes are fewer on photographs
    return {"compress_level": _by_pixels(size.pixels * frames, (2_000_000, 6), beyond=1)}


def _webp(output: Output, size: Size, frames: int) -> SaveOptions:
    pixels = size.pixels * frames
    if output.lossless:
        return {
            "lossless": True,
            "exact": True,
            "quality": 25,
            "method": _by_pixels(pixels, (1_000_000, 2), beyond=0),
        }
    return {
        "quality": output.quality,
        "method": _by_pixels(pixels, (1_000_000, 4), (12_000_000, 1), beyond=0),
    }


def _avif(output: Output, size: Size, frames: int) -> SaveOptions:
    # with more threads the bytes would differ from machine to machine
    speed = _by_pixels(size.pixels * frames, (1_000_000, 8), beyond=9)
    return {"quality": output.quality, "speed": speed, "max_threads": 1}


def _tiff(_: Output, __: Size, ___: int) -> SaveOptions:
    return {"compression": "tiff_lzw", "tiffinfo": {_TIFF_PREDICTOR: _HORIZONTAL}}


def _ico(_: Output, size: Size, __: int) -> SaveOptions:
    # otherwise Pillow adds smaller copies and leaves out the image itself
    return {"sizes": [size]}


def _jp2(output: Output, _: Size, __: int) -> SaveOptions:
    if output.quality is None:
        return {"irreversible": False, "mct": 1}
    # the decibels that JPEG has at the same quality, over four photographs
    psnr_db = 28 + 0.15 * output.quality
    return {"irreversible": True, "mct": 1, "quality_mode": "dB", "quality_layers": [psnr_db]}


@dataclass(frozen=True)
class Format:
    """What is true of one format. `pillow` is its name in Pillow."""

    name: str
    media_type: str
    extensions: tuple[str, ...]
    pillow: str
    _: KW_ONLY
    written_as: str = ""
    """Another format where this one can be read and not written."""
    has_alpha: bool = False
    has_gray: bool = False
    """Whether an image without colours is written with one channel."""
    is_animated: bool = False
    is_collection: bool = False
    """Whether it may hold pictures that are not frames of an animation."""
    is_decoded_upright: bool = False
    """Whether the decoder itself applies the orientation."""
    is_indexed: bool = False
    """Whether it holds at most 256 colours, one of which may be transparent."""
    has_scaled_decode: bool = False
    """Whether it can be decoded at a half, a quarter or an eighth of its size."""
    loops_count_repeats: bool = False
    """Whether a loop count leaves out the first play, as GIF's does."""
    quality: int | None = None
    has_lossless: bool = False
    has_progressive: bool = False
    shrinks_to: int | None = None
    """The side in px to which a larger result is reduced; None refuses it."""
    max_side: int = 65_535
    max_pixels: int = 50_000_000
    """Of a result, over all its frames."""
    max_lossless_pixels: int = 50_000_000
    options: Callable[[Output, Size, int], SaveOptions] = _plain
    """From output, size and frames to the options of Pillow's save()."""
    embed: Callable[[Metadata], SaveOptions] | None = None
    """From metadata to more of these options."""
    append: Callable[[BytesIO, Metadata], None] | None = None
    """What puts metadata into the finished file, where Pillow's save() cannot."""

    @property
    def holds_metadata(self) -> bool:
        return bool(self.embed or self.append)

    @property
    def can_write(self) -> bool:
        return not self.written_as


_TABLE = (
    Format(
        "jpeg", "image/jpeg", ("jpg", "jpeg"), "JPEG", options=_jpeg, embed=as_jpeg_options, quality=80,
        has_scaled_decode=True, has_progressive=True, has_gray=True,
    ),
    Format(
        "png", "image/png", ("png",), "PNG", options=_png, embed=as_png_options, has_alpha=True,
        has_gray=True, is_animated=True,
    ),
    Format(
        "webp", "image/webp", ("webp",), "WEBP", options=_webp, embed=as_options, quality=79, has_alpha=True,
        has_lossless=True, is_animated=True, max_side=16_383, max_pixels=100_000_000,
        max_lossless_pixels=30_000_000,
    ),
    Format(
        "avif", "image/avif", ("avif",), "AVIF", options=_avif, embed=as_options, quality=60, has_alpha=True,
        is_animated=True, max_pixels=25_000_000,
    ),
    Format(
        "gif", "image/gif", ("gif",), "GIF", has_alpha=True, is_animated=True,
        is_indexed=True, loops_count_repeats=True,
    ),
    Format(
        "tiff", "image/tiff", ("tiff", "tif"), "TIFF", options=_tiff, append=append_metadata, has_alpha=True,
        is_decoded_upright=True,
    ),
    Format("bmp", "image/bmp", ("bmp",), "BMP"),
    Format(
        "ico", "image/vnd.microsoft.icon", ("ico",), "ICO", options=_ico, has_alpha=True, shrinks_to=256
    ),
    Format(
        "jp2", "image/jp2", ("jp2",), "JPEG2000", options=_jp2, quality=80, has_alpha=True, has_lossless=True,
        max_pixels=16_000_000, max_lossless_pixels=8_000_000,
    ),
    Format(
        "heic", "image/heic", ("heic", "heif"), "HEIF", written_as="jpeg", has_alpha=True,
        is_collection=True, is_decoded_upright=True,
    ),
)  # fmt: skip

FORMATS: Mapping[str, Format] = MappingProxyType({format.name: format for format in _TABLE})
READABLE = tuple(FORMATS)
WRITABLE = tuple(name for name, format in FORMATS.items() if format.can_write)
ACCEPTED_MEDIA_TYPES = tuple(format.media_type for format in _TABLE)

_BY_EXTENSION = {extension: format for format in _TABLE for extension in format.extensions}


def format_by_extension(extension: str) -> Format | None:
    """Return the format of an extension without its dot, in any case of letters."""
    return _BY_EXTENSION.get(extension.lower())
