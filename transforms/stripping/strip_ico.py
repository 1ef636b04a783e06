"""ICO: its largest image alone, as a PNG or a bitmap. Source: ICONDIR; BITMAPINFOHEADER."""

from struct import iter_unpack, unpack_from
from typing import NamedTuple

from transforms.geometry import Size

from .blocks import Unstrippable
from .strip_bmp import clear_padding
from .strip_png import is_sound_png, strip_png

_HEAD = b"\0\0\1\0\1\0"
_HEAD_BYTES = 6
_ENTRY_BYTES = 16
_INFO_BYTES = 40
_MEASURES = 20
"""The head's bytes of the size and the kind. A size, a density and the count of colours stand behind them."""
_COLORS = 32
_BITS = frozenset({1, 4, 8, 24, 32})


class Entry(NamedTuple):
    width: int
    height: int
    colors: int
    reserved: int
    planes: int
    bits: int
    size: int
    start: int


def strip_ico(content: bytes, size: Size) -> bytes:
    """Return an ICO of one image.

    Raise Unstrippable if several have the largest size, since decoders choose among them."""
    count = unpack_from("<H", content, 4)[0]
    entries = [
        Entry(*entry) for entry in iter_unpack("<BBBBHHII", content[_HEAD_BYTES:][: count * _ENTRY_BYTES])
    ]
    side = (size.width % 256, size.height % 256)
    chosen = [entry for entry in entries if (entry.width, entry.height) == side]
    if len(chosen) != 1:
        raise Unstrippable("several images of the largest size")
    entry = chosen[0]
    picture = content[entry.start : entry.start + entry.size]
    stripped = _strip_png(picture, size) if picture.startswith(b"\x89PNG") else _strip_bitmap(picture, size)
    placed = entry._replace(reserved=0, size=len(stripped), start=_HEAD_BYTES + _ENTRY_BYTES)
    head = bytes(placed[:4]) + b"".join(
        number.to_bytes(count, "little") for number, count in zip(placed[4:], (2, 2, 4, 4), strict=True)
    )
    return _HEAD + head + stripped


def _strip_png(picture: bytes, size: Size) -> bytes:
    stripped = strip_png(picture, size)
    if not is_sound_png(stripped):
        raise Unstrippable("a PNG that holds more than its pixels")
    return stripped


def _strip_bitmap(picture: bytes, size: Size) -> bytes:
    """Return a bitmap with zeros for all that is no pixel, and nothing behind its mask.

    Its height counts the mask's rows, too."""
    head_bytes, width, height, planes, bits, compression = unpack_from("<IiiHHI", picture)
    colors = unpack_from("<I", picture, 32)[0]
    expected = (_INFO_BYTES, size.width, 2 * size.height, 1, 0)
    if (head_bytes, width, height, planes, compression) != expected or bits not in _BITS:
        raise Unstrippable("a bitmap of another kind")
    palette_bytes = 4 * min(colors or 1 << bits, 1 << bits) if bits <= 8 else 0
    row_bytes = (width * bits + 31) // 32 * 4
    mask_row_bytes = (width + 31) // 32 * 4
    whole = _INFO_BYTES + palette_bytes + (row_bytes + mask_row_bytes) * size.height
    if len(picture) < whole:
        raise Unstrippable("a bitmap that is cut off")
    head = picture[:_MEASURES] + bytes(12) + picture[_COLORS : _COLORS + 4] + bytes(4)
    palette = bytearray(picture[_INFO_BYTES : _INFO_BYTES + palette_bytes])
    palette[3::4] = bytes(palette_bytes // 4)
    pixels_at = _INFO_BYTES + palette_bytes
    mask_at = pixels_at + row_bytes * size.height
    pixels = clear_padding(picture[pixels_at:mask_at], width * bits, row_bytes)
    mask = clear_padding(picture[mask_at:whole], width, mask_row_bytes)
    return head + bytes(palette) + pixels + mask
