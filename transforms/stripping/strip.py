"""Which formats can be cut down to their pixels, and how."""

import re
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress

from transforms.geometry import Size

from .strip_avif import restore_avif_metadata, strip_avif
from .strip_bmp import strip_bmp
from .strip_gif import strip_gif
from .strip_ico import strip_ico
from .strip_jp2 import strip_jp2
from .strip_jpeg import restore_jpeg_metadata, strip_jpeg
from .strip_png import is_sound_png, restore_png_metadata, strip_png
from .strip_tiff import restore_tiff_metadata, strip_tiff
from .strip_webp import restore_webp_metadata, strip_webp

_ACTIVE = re.compile(
    rb"<(?:\?(?:php|xml|=(?:/[*/]|#|[\s -~]{4}))|!doctype|script|html|svg|iframe|body|img)|%PDF|PK\x03\x04",
    re.IGNORECASE,
)
"""Content that a lossy stream may hide behind its last pixel. No decoder reports it.

Behind PHP's short tag a comment or text must follow: the tag alone stands by chance in a file of some
megabytes."""

_BROKEN = (ValueError, EOFError, IndexError, KeyError, OverflowError, struct.error)
"""Raised for files in which a number names a place, a block or a size that is not there."""

_STRIP: Mapping[str, Callable[[bytes, Size], bytes]] = {
    "jpeg": strip_jpeg,
    "png": strip_png,
    "webp": strip_webp,
    "gif": strip_gif,
    "tiff": strip_tiff,
    "avif": strip_avif,
    "jp2": strip_jp2,
    "bmp": strip_bmp,
    "ico": strip_ico,
}
_RESTORE: Mapping[str, Callable[[bytes, bytes], bytes]] = {
    "jpeg": restore_jpeg_metadata,
    "png": restore_png_metadata,
    "webp": restore_webp_metadata,
    "tiff": restore_tiff_metadata,
    "avif": restore_avif_metadata,
}
_IS_SOUND: Mapping[str, Callable[[bytes], bool]] = {"png": is_sound_png}


def strip(content: bytes, format: str, size: Size) -> bytes | None:
    """Return a decodable image of `size` without anything but its pixels; None if it holds unknown things.

    The caller judges whether the colours that the image describes are sRGB: descriptions are cut out, too."""
    strip_one = _STRIP.get(format)
    if strip_one is None:
        return None
    with suppress(*_BROKEN):
        return strip_one(content, size)
    return None


def is_bare(bare: bytes, format: str) -> bool:
    """Whether the compressed pixels of a stripped image hide no other content, as far as that can be seen."""
    is_sound = _IS_SOUND.get(format)
    with suppress(*_BROKEN):
        if is_sound is None or is_sound(bare):
            return not _ACTIVE.search(bare)
    return False


def restore_metadata(bare: bytes, format: str, donor: bytes) -> bytes | None:
    """Return a stripped image with the metadata of `donor`; None if it has no room for them.

    `donor` is another image of the format, which holds only metadata that a result may hold."""
    with suppress(*_BROKEN):
        return _RESTORE[format](bare, donor)
    return None
