"""BMP: its header in the usual form or the shortest, the palette and the pixels.

Source: BITMAPINFOHEADER, BITMAPCOREHEADER, BITMAPV5HEADER."""

from struct import pack, unpack_from

from transforms.geometry import Size

from .blocks import Unstrippable

_FILE_HEAD_BYTES = 14
_CORE_BYTES = 12
_INFO_BYTES = 40
_HEADS_BYTES = frozenset({_CORE_BYTES, _INFO_BYTES, 52, 56, 108, 124})
_LEAST_WITH_ALPHA = 56
_PLAIN = 0
_BIT_FIELDS = 3
_MASKS_AT = _FILE_HEAD_BYTES + _INFO_BYTES
"""Behind the usual header; a longer one holds them at the same place."""
_MASKS_BYTES = 12
_ALPHA_MASK_BYTES = 4
_RLE = {1: 8, 2: 4}
"""The bits of a pixel, by the code of the compression."""
_BITS = frozenset({1, 4, 8, 16, 24})
"""32 bits may hold an alpha, which readers see or do not see."""
_RLE_END = b"\0\1"


def strip_bmp(content: bytes, size: Size) -> bytes:
    """Return a BMP with no gap and nothing behind its pixels."""
    (head_bytes,) = unpack_from("<I", content, _FILE_HEAD_BYTES)
    (start,) = unpack_from("<I", content, 10)
    if head_bytes not in _HEADS_BYTES:
        raise Unstrippable("a header that is not known")
    if head_bytes == _CORE_BYTES:
        width, height, planes, bits = unpack_from("<HHHH", content, 18)
        compression = _PLAIN
        colors = 0
    else:
        width, height, planes, bits, compression = unpack_from("<iiHHI", content, 18)
        (colors,) = unpack_from("<I", content, 46)
    if bits not in _BITS or planes != 1 or (width, abs(height)) != size:
        raise Unstrippable("pixels of another kind")
    palette = _read_colors(content, head_bytes, bits, colors)
    masks = b""
    if compression == _BIT_FIELDS:
        masks = _read_masks(content, head_bytes, bits)
    pixels = _read_pixels(content, start, (width, abs(height)), bits, compression)
    if head_bytes == _CORE_BYTES:
        head = pack("<IHHHH", _CORE_BYTES, width, height, 1, bits)
    else:
        sides = (width, height, 1, bits, compression)
        head = pack("<IiiHHIIiiII", _INFO_BYTES, *sides, len(pixels), 0, 0, len(palette) // 4, 0)
    begin = _FILE_HEAD_BYTES + len(head + masks + palette)
    file_head = pack("<2sIHHI", b"BM", begin + len(pixels), 0, 0, begin)
    return file_head + head + masks + palette + pixels


def clear_padding(rows: bytes, bits: int, row_bytes: int) -> bytes:
    """Return rows with zeros behind the `bits` of the pixels of each."""
    cleared = bytearray(rows)
    whole_bytes, rest_bits = divmod(bits, 8)
    if rest_bits:
        kept = 0xFF << 8 - rest_bits & 0xFF
        table = bytes(value & kept for value in range(256))
        cleared[whole_bytes::row_bytes] = rows[whole_bytes::row_bytes].translate(table)
        whole_bytes += 1
    for place in range(whole_bytes, row_bytes):
        cleared[place::row_bytes] = bytes(len(rows) // row_bytes)
    return bytes(cleared)


def _read_pixels(
    content: bytes,
    start: int,
    sides: tuple[int, int],
    bits: int,
    compression: int,
) -> bytes:
    if _RLE.get(compression) == bits:
        return content[start : _find_rle_end(content, start, bits)]
    if compression not in (_PLAIN, _BIT_FIELDS):
        raise Unstrippable("a compression that is not known")
    width, height = sides
    row_bytes = (width * bits + 31) // 32 * 4
    pixels = content[start : start + row_bytes * height]
    if len(pixels) < row_bytes * height:
        raise Unstrippable("pixels that are cut off")
    return clear_padding(pixels, width * bits, row_bytes)


def _read_masks(content: bytes, head_bytes: int, bits: int) -> bytes:
    """Return the masks of red, green and blue."""
    masks = content[_MASKS_AT : _MASKS_AT + _MASKS_BYTES]
    end = _MASKS_AT + _MASKS_BYTES
    alpha = content[end : end + _ALPHA_MASK_BYTES] if head_bytes >= _LEAST_WITH_ALPHA else b""
    if bits != 16 or len(masks) < _MASKS_BYTES or not any(masks) or any(alpha):
        raise Unstrippable("masks of another kind")
    return masks


def _read_colors(content: bytes, head_bytes: int, bits: int, colors: int) -> bytes:
    """Return the palette. A colour has four bytes, the last of them 0; behind the shortest header three."""
    if bits > 8:
        return b""
    color_bytes = 3 if head_bytes == _CORE_BYTES else 4
    start = _FILE_HEAD_BYTES + head_bytes
    count = min(colors or 1 << bits, 1 << bits)
    stored = content[start : start + count * color_bytes]
    if color_bytes == 3:
        return stored
    entries = [stored[position : position + 3] for position in range(0, len(stored), color_bytes)]
    return b"".join(entry + b"\0" for entry in entries)


def _find_rle_end(content: bytes, position: int, bits: int) -> int:
    """Return the end of runs, which a code says."""
    while content[position : position + 2] != _RLE_END:
        count = content[position]
        code = content[position + 1]
        position += 2
        if count or not code:
            continue
        if code == 2:
            position += 2
            continue
        literal_bytes = (code * bits + 7) // 8
        position += literal_bytes + literal_bytes % 2
    return position + 2
