"""BMP by code: every version of its header, fields of any masks, palettes and run lengths."""

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Masks = tuple[int, ...]


def bmp(
    pixels: bytes,
    size: tuple[int, int],
    bits: int,
    *,
    header_bytes: int = 40,
    compression: int = 0,
    masks: Masks = (),
    palette: bytes = b"",
    colors: int | None = None,
    is_top_down: bool = False,
    gap: int = 0,
) -> bytes:
    """Return a BMP. `palette` is written as it is; `gap` bytes stand between it and the pixels."""
    width, height = size
    height = -height if is_top_down else height
    if header_bytes == 12:
        header = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        count = len(palette) // 4 if colors is None else colors
        fields = (width, height, 1, bits, compression, len(pixels), 2835, 2835, count, 0)
        inside = header_bytes >= 52 and header_bytes != 64
        in_header = struct.pack(f"<{len(masks)}I", *masks) if inside else b""
        header = (struct.pack("<IiiHHIIiiII", header_bytes, *fields) + in_header).ljust(header_bytes, b"\0")[
            :header_bytes
        ]
    behind = b"" if header_bytes >= 52 and header_bytes != 64 else struct.pack(f"<{len(masks)}I", *masks)
    offset = 14 + len(header) + len(behind) + len(palette) + gap
    head = b"BM" + struct.pack("<IHHI", offset + len(pixels), 0, 0, offset)
    return head + header + behind + palette + bytes(gap) + pixels


def rows(numbers: NDArray[np.integer], bits: int, *, is_top_down: bool = False) -> bytes:
    """Return one number per px, of `bits` each, in rows that end on four bytes."""
    ordered = numbers if is_top_down else numbers[::-1]
    content = b""
    for row in ordered:
        if bits <= 8:
            digits = row.astype(np.uint8)[:, None] >> np.arange(bits - 1, -1, -1, dtype=np.uint8) & 1
            line = np.packbits(digits).tobytes()
        else:
            line = b"".join(int(number).to_bytes(bits // 8, "little") for number in row)
        content += line + bytes(-len(line) % 4)
    return content


def palette_of(colors: Sequence[Sequence[int]], *, entry_bytes: int = 4) -> bytes:
    """Return red, green and blue as blue, green, red and, with four bytes, nothing."""
    return b"".join(bytes((blue, green, red)) + bytes(entry_bytes - 3) for red, green, blue in colors)
