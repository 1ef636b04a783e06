"""Which format a file has: told from its first bytes, and opened by the decoder of that format alone."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from struct import unpack_from
from typing import IO

import pi_heif  # type: ignore[import-untyped]
from PIL import (  # noqa: F401  the import registers them; no other decoder is registered
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    Image,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from progimage.errors import UnprocessableImage, UnsupportedFormat
from transforms.containers.boxes import has_box
from transforms.formats.table import ACCEPTED_MEDIA_TYPES, FORMATS, Format
from transforms.limits import Limits

from .avif.avif_crop import AvifImage
from .avif.avif_groups import without_pyramid
from .bitmaps.bmp_fields import BmpImage
from .bitmaps.ico_entries import IcoImage
from .failures import DAMAGED
from .gif import check_blocks
from .header import too_large
from .jp2.jp2_deep import Jp2Image
from .jpeg.jpeg_kinds import check_kind
from .jpeg.missing_end import with_end
from .png.broken_chunks import without_broken_chunks
from .png.png_kinds import check_kind as check_png_kind
from .png.png_stream import install as install_bounded_png_stream
from .png.png_transparency import PngImage
from .tiff.tiff_deep import TiffImage

pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
install_bounded_png_stream()
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # a child renders on one core, and threads would count as memory

_FORMAT_BY_PILLOW_NAME = {format.pillow: format for format in FORMATS.values()} | {"MPO": FORMATS["jpeg"]}
_OWN_DECODERS: Mapping[str, type[ImageFile.ImageFile]] = {
    "AVIF": AvifImage,
    "BMP": BmpImage,
    "ICO": IcoImage,
    "JPEG2000": Jp2Image,
    "PNG": PngImage,
    "TIFF": TiffImage,
}
"""Decoders of this project that stand before Pillow's, by Pillow's name of the format."""
_SNIFFED_BYTES = 16
_SCANNED_BYTES = 4_096


def identify(file: IO[bytes], limits: Limits) -> tuple[ImageFile.ImageFile, Format]:
    """Open an image by the decoder of its format.

    Raise UnsupportedFormat, UnprocessableImage or ImageTooLarge."""
    prefix = file.read(_SNIFFED_BYTES)
    registered = [name for name in _FORMAT_BY_PILLOW_NAME if name in Image.OPEN]
    candidates = [name for name in registered if _accepts(name, prefix)]
    if not candidates:
        media_types = ", ".join(ACCEPTED_MEDIA_TYPES)
        received = "a file of another kind" if prefix else "an empty file of 0 bytes"
        raise UnsupportedFormat(f"Expected one of {media_types} but received {received}")
    Image.MAX_IMAGE_PIXELS = limits.max_pixels
    # the brands of AVIF and HEIF overlap
    for name in candidates:
        file = _PREPARED.get(name, _as_it_is)(file, limits)
        with suppress(SyntaxError, ValueError, OSError, RuntimeError):
            image = _open(file, name)
            return image, _FORMAT_BY_PILLOW_NAME[image.format or name]
    if _declared_pixels(file) > limits.max_pixels:
        raise too_large(limits)
    if "HEIF" in candidates and _is_sequence_alone(file):
        raise UnprocessableImage("Expected a HEIC with a primary picture but received a sequence alone")
    raise UnprocessableImage(DAMAGED)


def _is_sequence_alone(file: IO[bytes]) -> bool:
    """Whether it is an image sequence (ISO/IEC 23008-12, 7) without a picture beside it."""
    return has_box(file, b"moov") and not has_box(file, b"meta")


def _open(file: IO[bytes], name: str) -> ImageFile.ImageFile:
    file.seek(0)
    decoder = _OWN_DECODERS.get(name)
    return decoder(file) if decoder else Image.open(file, formats=[name])


def _prepared_jpeg(file: IO[bytes], limits: Limits) -> IO[bytes]:
    check_kind(file)
    return with_end(file, limits.max_pixels)


def _prepared_png(file: IO[bytes], limits: Limits) -> IO[bytes]:
    check_png_kind(file)
    return without_broken_chunks(file)


def _prepared_avif(file: IO[bytes], limits: Limits) -> IO[bytes]:
    return without_pyramid(file)


def _prepared_gif(file: IO[bytes], limits: Limits) -> IO[bytes]:
    check_blocks(file)
    return file


def _as_it_is(file: IO[bytes], limits: Limits) -> IO[bytes]:
    return file


_PREPARED: Mapping[str, Callable[[IO[bytes], Limits], IO[bytes]]] = {
    "AVIF": _prepared_avif,
    "JPEG": _prepared_jpeg,
    "GIF": _prepared_gif,
    "PNG": _prepared_png,
}
"""By Pillow's name of a format: returns the file that Pillow opens. The stored original stays as it is."""


def _accepts(name: str, prefix: bytes) -> bool:
    accept = Image.OPEN[name][1]
    return bool(accept and accept(prefix))


def _declared_pixels(file: IO[bytes]) -> int:
    """Return the pixels that an AVIF declares (ISO/IEC 23008-12, 6.5.3).

    Its decoder reports a large size as damage."""
    file.seek(0)
    head = file.read(_SCANNED_BYTES)
    start = head.find(b"ispe")
    if head[4:8] != b"ftyp" or start < 0 or start + 16 > len(head):
        return 0
    width, height = unpack_from(">II", head, start + 8)
    return int(width * height)
