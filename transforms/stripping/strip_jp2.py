"""JPEG 2000: the boxes that a decoder needs, and the code stream without comments.

Source: ITU T.800, annexes A and I."""

from transforms.containers.boxes import Box
from transforms.geometry import Size

from .blocks import MAX_BLOCKS, Unstrippable, read_boxes

_SIGNATURE = b"\r\n\x87\n"
_HEADER_KEPT = frozenset({b"ihdr", b"bpcc", b"pclr", b"cmap", b"cdef"})
_ENUMERATED = 1
_PROFILES = frozenset({2, 3})
_NUMBERED = bytes((_ENUMERATED, 0, 0))
_SRGB = 16
_GREY = 17
_PLAIN_COLORS = frozenset({_SRGB, _GREY, 18})
"""The last is YCC by sRGB's curve."""
_START = b"\xff\x4f"
_END = b"\xff\xd9"
_TILE_PART = 0xFF90
_COMMENT = 0xFF64
_DATA = 0xFF93
_MAIN_KEPT = frozenset({0xFF51, 0xFF52, 0xFF53, 0xFF5C, 0xFF5D, 0xFF5E, 0xFF5F})
"""Sizes, coding style, quantization, regions and progression."""
_MAIN_DROPPED = frozenset({_COMMENT, 0xFF55, 0xFF57, 0xFF63})
"""Comments, lengths of tile-parts and packets, and offsets of channels. Decoders do not need them."""
_TILE_KEPT = _MAIN_KEPT - {0xFF51}
_MAX_TILE_PARTS = 65_535


def strip_jp2(content: bytes, size: Size) -> bytes:
    """Return a JP2 of its header and its first code stream."""
    boxes = list(read_boxes(content))
    if len(boxes) < 4 or boxes[0] != Box(b"jP  ", _SIGNATURE) or boxes[1].kind != b"ftyp":
        raise Unstrippable("no JP2")
    header = next(box for box in [*boxes, Box(b"jp2h", b"")] if box.kind == b"jp2h")
    stream = next(box for box in [*boxes, Box(b"jp2c", b"")] if box.kind == b"jp2c")
    brand = Box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
    kept = (boxes[0], brand, _strip_header(header), Box(b"jp2c", _strip_stream(stream.content)))
    return b"".join(box.written for box in kept)


def _strip_header(header: Box) -> Box:
    """Return the header with one box of colours, by their number. A profile stands for sRGB."""
    boxes = list(read_boxes(header.content))
    kept = [box for box in boxes if box.kind in _HEADER_KEPT]
    _check_lengths(kept)
    colors = next(box.content for box in [*boxes, Box(b"colr", b"\0")] if box.kind == b"colr")
    if colors[0] == _ENUMERATED and len(colors) == len(_NUMBERED + bytes(4)):
        number = int.from_bytes(colors[3:])
    elif colors[0] in _PROFILES:
        channels = int.from_bytes(kept[0].content[8:10])
        has_palette = any(box.kind == b"pclr" for box in kept)
        number = _SRGB if channels >= 3 or has_palette else _GREY
    else:
        raise Unstrippable("colours that are described in another way")
    if number not in _PLAIN_COLORS:
        raise Unstrippable("colours that are not sRGB")
    kept.insert(1, Box(b"colr", _NUMBERED + number.to_bytes(4)))
    return Box(b"jp2h", b"".join(box.written for box in kept))


def _check_lengths(boxes: list[Box]) -> None:
    """Raise Unstrippable for a box that is there twice, or is longer than the numbers in it say."""
    contents = {box.kind: box.content for box in boxes}
    ihdr, pclr, cdef = (contents.get(kind, b"") for kind in (b"ihdr", b"pclr", b"cdef"))
    columns = pclr[3 : 3 + pclr[2]] if pclr else b""
    entry_bytes = sum(((depth & 0x7F) + 8) // 8 for depth in columns)
    expected = {
        b"ihdr": 14,
        b"bpcc": int.from_bytes(ihdr[8:10]),
        b"pclr": 3 + len(columns) + int.from_bytes(pclr[:2]) * entry_bytes,
        b"cmap": 4 * len(columns),
        b"cdef": 2 + 6 * int.from_bytes(cdef[:2]),
    }
    if len(contents) < len(boxes) or any(len(box.content) != expected[box.kind] for box in boxes):
        raise Unstrippable("boxes of another length")


def _strip_stream(stream: bytes) -> bytes:
    """Return the code stream without the comments of its main header."""
    if not stream.startswith(_START):
        raise Unstrippable("no code stream")
    parts = [_START]
    position = 2
    for _ in range(MAX_BLOCKS):
        marker = int.from_bytes(stream[position : position + 2])
        if marker == _TILE_PART:
            end = _find_end(stream, position)
            return b"".join([*parts, stream[position:end], _END])
        end = position + 2 + int.from_bytes(stream[position + 2 : position + 4])
        if marker not in _MAIN_KEPT | _MAIN_DROPPED or end > len(stream):
            raise Unstrippable(f"a marker {marker:#x}")
        if marker in _MAIN_KEPT:
            parts.append(stream[position:end])
        position = end
    raise Unstrippable("too many markers")


def _find_end(stream: bytes, position: int) -> int:
    """Return the end of the last tile-part. Each names its length, and has a header of known markers."""
    for _ in range(_MAX_TILE_PARTS):
        if stream[position : position + 2] == _END:
            return position
        if int.from_bytes(stream[position : position + 2]) != _TILE_PART:
            raise Unstrippable("bytes between tile-parts")
        size = int.from_bytes(stream[position + 6 : position + 10])
        end = position + size if size else len(stream) - len(_END)
        _check_tile_header(stream, position + 12, end)
        position = end
    raise Unstrippable("too many tile-parts")


def _check_tile_header(stream: bytes, position: int, end: int) -> None:
    while (marker := int.from_bytes(stream[position : position + 2])) != _DATA:
        if marker not in _TILE_KEPT:
            raise Unstrippable(f"a marker {marker:#x}")
        position += 2 + int.from_bytes(stream[position + 2 : position + 4])
    if not position < end <= len(stream):
        raise Unstrippable("a tile-part that is cut off")
