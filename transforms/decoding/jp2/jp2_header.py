"""The kind of a JPEG 2000, read from its boxes and the head of its codestream before any pixel is decoded.

Source: ISO/IEC 15444-1, annex A.5.1 (SIZ) and annex I.5.3 (colr, pclr, cdef)."""

import struct
from dataclasses import dataclass
from typing import IO, NamedTuple

from transforms.containers.boxes import walk_file_boxes

_SIZ = b"\xff\x4f\xff\x51"
_MAX_BOX_BYTES = 100_000
"""For a box of the header that is read: a palette of 1,024 colours has 8 KB."""
_ENUMERATED = 1
_OPACITY = (1, 2)
_COLR_HEAD_BYTES = 3
_PROFILE_SPACE = slice(16, 20)


class Component(NamedTuple):
    bits: int
    is_signed: bool
    across: int
    down: int

    @property
    def is_plain(self) -> bool:
        """Whether it has 8 bits, is unsigned and has a sample for each px."""
        return self == (8, False, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Jp2Header:
    """The facts of a JPEG 2000. If its box and its codestream differ in their sizes, which no decoder takes,
    the larger ones stand here, for the limits."""

    width: int
    height: int
    components: tuple[Component, ...]
    stream_at: int = 0
    """The place of the codestream in the file."""
    palette_bits: tuple[int, ...] = ()
    """Of each column of the palette."""
    color_space: int | None = None
    """The number of an enumerated colour space, or of the one that a profile is for if it is CMYK or Lab.

    None if another profile or nothing describes the colours."""
    has_definitions: bool = False
    """Whether a box says which channel is which."""
    opacity_type: int = 0
    """1 or 2 if a channel is opacity; with 2 the colours are multiplied with it."""

    @property
    def color_count(self) -> int:
        return self.channel_count - self.has_alpha

    @property
    def channel_count(self) -> int:
        return len(self.palette_bits) or len(self.components)

    @property
    def has_alpha(self) -> bool:
        """Whether a channel is opacity. Without definitions the last of two channels is, and a fourth
        one that is no ink."""
        if self.has_definitions:
            return bool(self.opacity_type)
        return self.channel_count == 2 or (self.channel_count == 4 and self.color_space != CMYK)


CMYK = 12
CIELAB = 14
SRGB = 16
GREY = 17
SYCC = 18
ROMM = 21
BILEVEL = frozenset({0, 15})
DECODED_SPACES = frozenset({CMYK, SRGB, GREY, SYCC, ROMM, None}) | BILEVEL
"""Those whose values are inks, or greys or red, green and blue that a description makes sRGB."""
_PROFILE_SPACES = {b"CMYK": CMYK, b"Lab ": CIELAB}


def read_jp2_header(file: IO[bytes]) -> Jp2Header:
    """Read the header of a JP2 or of a bare codestream. Raise ValueError if it is damaged."""
    try:
        return _read(file)
    except (struct.error, IndexError) as error:
        raise ValueError("Expected a whole header of a JPEG 2000") from error


def _read(file: IO[bytes]) -> Jp2Header:
    file.seek(0)
    if file.read(len(_SIZ)) == _SIZ:
        return _with_boxes(file, {}, [])
    boxes: dict[bytes, bytes] = {}
    color_boxes: list[bytes] = []
    for box in walk_file_boxes(file):
        if box.kind == b"jp2h" and not boxes:
            for inner in walk_file_boxes(file, box.body, box.end):
                file.seek(inner.body)
                content = file.read(min(inner.end - inner.body, _MAX_BOX_BYTES))
                boxes.setdefault(inner.kind, content)
                if inner.kind == b"colr":
                    color_boxes.append(content)
        if box.kind == b"jp2c":
            file.seek(box.body)
            if file.read(len(_SIZ)) != _SIZ:
                break
            return _with_boxes(file, boxes, color_boxes)
    raise ValueError("Expected a JPEG 2000 with a codestream")


def _component(depth: int, across: int, down: int) -> Component:
    return Component((depth & 0x7F) + 1, bool(depth & 0x80), across, down)


def _with_boxes(file: IO[bytes], boxes: dict[bytes, bytes], color_boxes: list[bytes]) -> Jp2Header:
    """Read the SIZ segment, whose marker has been read."""
    stream_at = file.tell() - len(_SIZ)
    right, bottom, left, top, count = struct.unpack(">4x4I16xH", file.read(38))
    components = tuple(_component(*struct.unpack("BBB", file.read(3))) for _ in range(count))
    declared_height, declared_width = struct.unpack(">II", boxes.get(b"ihdr", bytes(8))[:8])
    opacity_types = [type for type in _channel_types(boxes.get(b"cdef", b"")) if type in _OPACITY]
    return Jp2Header(
        width=max(right - left, declared_width),
        height=max(bottom - top, declared_height),
        components=components,
        stream_at=stream_at,
        palette_bits=_palette_bits(boxes.get(b"pclr", b"")),
        color_space=_find_color_space(color_boxes),
        has_definitions=b"cdef" in boxes,
        opacity_type=opacity_types[0] if opacity_types else 0,
    )


def _palette_bits(pclr: bytes) -> tuple[int, ...]:
    column_count = pclr[2] if len(pclr) > 2 else 0
    return tuple((depth & 0x7F) + 1 for depth in pclr[3 : 3 + column_count])


def _find_color_space(color_boxes: list[bytes]) -> int | None:
    """Return the first space that is decoded. A file may describe its colours in several ways."""
    spaces = [_color_space(content) for content in color_boxes]
    decoded = [space for space in spaces if space in DECODED_SPACES]
    return next(iter(decoded or spaces), None)


def _color_space(colr: bytes) -> int | None:
    if len(colr) < _COLR_HEAD_BYTES + 4:
        return None
    if colr[0] == _ENUMERATED:
        return int.from_bytes(colr[_COLR_HEAD_BYTES : _COLR_HEAD_BYTES + 4])
    return _PROFILE_SPACES.get(colr[_COLR_HEAD_BYTES:][_PROFILE_SPACE])


def _channel_types(cdef: bytes) -> list[int]:
    entries = range(2, len(cdef) - 5, 6)
    return [int.from_bytes(cdef[start + 2 : start + 4]) for start in entries]
