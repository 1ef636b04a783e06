"""The header of a Windows or OS/2 bitmap, with its masks and palette, as a BMP and an entry of an ICO hold.

Source: Microsoft, BITMAPINFOHEADER and BITMAPV5HEADER; IBM, OS/2 2.0 BITMAPINFOHEADER2."""

import struct
from dataclasses import dataclass
from typing import IO

from progimage.errors import UnprocessableImage

RAW = 0
RLE8 = 1
RLE4 = 2
BIT_FIELDS = 3
RLE24 = 24
"""OS/2 calls it 4, which is an embedded JPEG for Windows."""
_ALPHA_BIT_FIELDS = 6

_OS2_V1_BYTES = 12
_OS2_BYTES = (16, 64)
_WINDOWS_BYTES = (40, 52, 56, 108, 124)
_V3_BYTES = 40
_RGB_MASKS_END = 52
_ALPHA_MASK_END = 56
_OS2_COMPRESSIONS = {0: RAW, 1: RLE8, 2: RLE4, 4: RLE24}
_WINDOWS_COMPRESSIONS = {0: RAW, 1: RLE8, 2: RLE4, 3: BIT_FIELDS, 6: BIT_FIELDS}
_OS2_NAMES = {3: "Huffman coding"}
_WINDOWS_NAMES = {4: "an embedded JPEG", 5: "an embedded PNG", 11: "CMYK", 12: "CMYK", 13: "CMYK"}
_BITS = {
    RAW: (1, 2, 4, 8, 16, 24, 32),
    RLE8: (8,),
    RLE4: (4,),
    RLE24: (24,),
    BIT_FIELDS: (16, 24, 32),
}
_DEFAULT_MASKS = {
    16: (0x7C00, 0x3E0, 0x1F, 0),
    24: (0xFF0000, 0xFF00, 0xFF, 0),
    32: (0xFF0000, 0xFF00, 0xFF, 0),
}
_MAX_DECLARED_COLORS = 65_536
_INDEXED_BITS = 8


@dataclass(frozen=True, kw_only=True)
class BmpHeader:
    """The facts of a bitmap. `palette` holds three bytes per colour: red, green, blue."""

    width: int
    height: int
    is_top_down: bool
    bits: int
    compression: int
    masks: tuple[int, int, int, int]
    palette: bytes
    pixels_offset: int
    pixels_per_metre: tuple[int, int]

    @property
    def is_indexed(self) -> bool:
        return self.bits <= _INDEXED_BITS

    @property
    def row_bytes(self) -> int:
        return (self.width * self.bits + 31) // 32 * 4


@dataclass(frozen=True)
class _Fields:
    """The fields that all headers have, with zeros for those that a short one lacks."""

    width: int
    height: int
    bits: int
    compression: int = 0
    pixels_per_metre: tuple[int, int] = (0, 0)
    colors: int = 0


def read_bmp_header(file: IO[bytes], start: int, pixels_offset: int = 0) -> BmpHeader:
    """Read the header at `start`. With `pixels_offset` 0 the pixels follow the palette.

    Raise ValueError for a damaged header, UnprocessableImage for a kind that cannot be decoded."""
    file.seek(start)
    size = int.from_bytes(_take(file, 4), "little")
    if size != _OS2_V1_BYTES and size not in _OS2_BYTES + _WINDOWS_BYTES:
        raise UnprocessableImage(f"Expected a BMP of a known version but received a header of {size} bytes")
    head = _take(file, size - 4)
    fields = _read_fields(head, size)
    compression = _known_compression(fields, size)
    masks = _read_masks(file, head, fields, size) if compression == BIT_FIELDS else None
    entry_bytes = 3 if size == _OS2_V1_BYTES else 4
    palette_offset = file.tell()
    palette = _read_palette(file, fields, entry_bytes, pixels_offset)
    if pixels_offset <= start:
        palette_colors = fields.colors or (1 << fields.bits if fields.bits <= _INDEXED_BITS else 0)
        pixels_offset = palette_offset + entry_bytes * palette_colors
    return BmpHeader(
        width=fields.width,
        height=abs(fields.height),
        is_top_down=fields.height < 0,
        bits=fields.bits,
        compression=compression,
        masks=masks or _DEFAULT_MASKS.get(fields.bits, (0, 0, 0, 0)),
        palette=palette,
        pixels_offset=pixels_offset,
        pixels_per_metre=fields.pixels_per_metre,
    )


def _read_fields(head: bytes, size: int) -> _Fields:
    if size == _OS2_V1_BYTES:
        width, height, bits = struct.unpack("<HH2xH", head)
        return _Fields(width, height, bits)
    width, height, bits, compression, across, down, colors = struct.unpack_from(
        "<ii2xHI4xiiI", head.ljust(36, b"\0")
    )
    fields = _Fields(width, height, bits, compression, (across, down), colors)
    if width < 0 or colors > _MAX_DECLARED_COLORS:
        raise ValueError("Expected a BMP of positive width with a palette")
    return fields


def _known_compression(fields: _Fields, size: int) -> int:
    is_os2 = size in _OS2_BYTES
    known = _OS2_COMPRESSIONS if is_os2 else _WINDOWS_COMPRESSIONS
    names = _OS2_NAMES if is_os2 else _WINDOWS_NAMES
    if fields.compression not in known:
        name = names.get(fields.compression, f"the compression {fields.compression}")
        raise UnprocessableImage(f"Expected a BMP with pixels or run lengths but received {name}")
    compression = known[fields.compression]
    if fields.bits not in _BITS[compression]:
        raise UnprocessableImage(
            f"Expected a BMP of 1, 2, 4, 8, 16, 24 or 32 bits that fit its compression"
            f" but received {fields.bits} bits"
        )
    return compression


def _read_masks(
    file: IO[bytes],
    head: bytes,
    fields: _Fields,
    size: int,
) -> tuple[int, int, int, int] | None:
    """Return the masks of red, green, blue and alpha; None if all are 0, as some writers leave them."""
    if size == _V3_BYTES:
        count = 4 if fields.compression == _ALPHA_BIT_FIELDS else 3
        content = _take(file, 4 * count)
    else:
        end = _ALPHA_MASK_END if size >= _ALPHA_MASK_END else _RGB_MASKS_END
        content = head[_V3_BYTES - 4 : end - 4]
    red, green, blue, alpha = struct.unpack("<4I", content.ljust(16, b"\0"))
    return (red, green, blue, alpha) if any((red, green, blue, alpha)) else None


def _read_palette(
    file: IO[bytes],
    fields: _Fields,
    entry_bytes: int,
    pixels_offset: int,
) -> bytes:
    """Return at most as many colours as an index can name. The palette ends with the pixels' first byte."""
    if fields.bits > _INDEXED_BITS:
        return b""
    most = 1 << fields.bits
    count = min(fields.colors or most, most)
    room = pixels_offset - file.tell()
    if room > 0:
        count = min(count, room // entry_bytes)
    content = file.read(entry_bytes * count)
    blue, green, red = (content[index::entry_bytes] for index in range(3))
    colors = bytearray(3 * len(red))
    colors[0::3] = red
    colors[1::3] = green[: len(red)]
    colors[2::3] = blue[: len(red)]
    return bytes(colors)


def _take(file: IO[bytes], count: int) -> bytes:
    content = file.read(count)
    if len(content) < count:
        raise ValueError(f"Expected {count} bytes of a BMP's header but received {len(content)}")
    return content
