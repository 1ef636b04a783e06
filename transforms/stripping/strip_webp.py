"""WebP: the chunks of pixels and of animation. Source: WebP container specification."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from transforms.geometry import Size

from .blocks import MAX_BLOCKS, Unstrippable

_PIXELS = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_WHOLE = re.compile(rb"VP8 |VP8L|VP8X(?:(?:ALPH)?VP8 |VP8L|ANIM(?:ANMF)+)")
_FRAME = re.compile(rb"(?:ALPH)?VP8 |VP8L")
_FIXED_BYTES = {b"VP8X": 10, b"ANIM": 6}
_FRAME_HEAD_BYTES = 16
_HAS_METADATA = 0x0C
_HAS_ALPHA = 0x10
_IS_ANIMATED = 0x02


class Chunk(NamedTuple):
    kind: bytes
    content: bytes

    @property
    def written(self) -> bytes:
        padding = bytes(len(self.content) % 2)
        return self.kind + len(self.content).to_bytes(4, "little") + self.content + padding


def strip_webp(content: bytes, size: Size) -> bytes:
    """Return a WebP without profile, metadata and chunks that are not known."""
    end = 8 + int.from_bytes(content[4:8], "little")
    kept = []
    for chunk in _read_chunks(content[12:end]):
        if len(chunk.content) != _FIXED_BYTES.get(chunk.kind, len(chunk.content)):
            raise Unstrippable(f"a chunk {chunk.kind!r}")
        if chunk.kind == b"VP8X":
            flags = chunk.content[0] & (_HAS_ALPHA | _IS_ANIMATED)
            kept.append(Chunk(b"VP8X", bytes((flags, 0, 0, 0)) + chunk.content[4:]))
        elif chunk.kind == b"ANMF":
            kept.append(_strip_frame(chunk))
        elif chunk.kind in _PIXELS or chunk.kind == b"ANIM":
            kept.append(chunk)
    _check_order(kept, _WHOLE)
    return _as_riff(kept)


def _strip_frame(frame: Chunk) -> Chunk:
    head = frame.content[:_FRAME_HEAD_BYTES]
    pixels = [chunk for chunk in _read_chunks(frame.content[_FRAME_HEAD_BYTES:]) if chunk.kind in _PIXELS]
    _check_order(pixels, _FRAME)
    return Chunk(b"ANMF", head + b"".join(chunk.written for chunk in pixels))


def restore_webp_metadata(bare: bytes, donor: bytes) -> bytes:
    """Return a stripped WebP with the EXIF and XMP of another."""
    added = [chunk for chunk in _read_chunks(donor[12:]) if chunk.kind in (b"EXIF", b"XMP ")]
    if not added:
        return bare
    flags = next(chunk.content[0] for chunk in _read_chunks(donor[12:]) if chunk.kind == b"VP8X")
    chunks = list(_read_chunks(bare[12:]))
    if chunks[0].kind != b"VP8X":
        chunks = [_extended_head(chunks[0]), *chunks]
    head = chunks[0].content
    chunks[0] = Chunk(b"VP8X", bytes((head[0] | flags & _HAS_METADATA,)) + head[1:])
    return _as_riff([*chunks, *added])


def _extended_head(pixels: Chunk) -> Chunk:
    """Return the head of an extended file for a simple one, whose size stands in its bit stream."""
    content = pixels.content
    if pixels.kind == b"VP8L":
        bits = int.from_bytes(content[1:5], "little")
        width = bits & 0x3FFF
        height = bits >> 14 & 0x3FFF
        flags = _HAS_ALPHA if bits >> 28 & 1 else 0
    else:
        width = (int.from_bytes(content[6:8], "little") & 0x3FFF) - 1
        height = (int.from_bytes(content[8:10], "little") & 0x3FFF) - 1
        flags = 0
    sides = width.to_bytes(3, "little") + height.to_bytes(3, "little")
    return Chunk(b"VP8X", bytes((flags, 0, 0, 0)) + sides)


def _read_chunks(content: bytes) -> Iterator[Chunk]:
    position = 0
    for _ in range(MAX_BLOCKS):
        if position >= len(content):
            return
        size = int.from_bytes(content[position + 4 : position + 8], "little")
        start = position + 8
        if start + size > len(content):
            raise Unstrippable("a chunk that is cut off")
        yield Chunk(content[position : position + 4], content[start : start + size])
        position = start + size + size % 2
    raise Unstrippable("too many chunks")


def _check_order(chunks: list[Chunk], expected: re.Pattern[bytes]) -> None:
    kinds = b"".join(chunk.kind for chunk in chunks)
    if not expected.fullmatch(kinds):
        raise Unstrippable(f"chunks {kinds[:40]!r}")


def _as_riff(chunks: list[Chunk]) -> bytes:
    content = b"WEBP" + b"".join(chunk.written for chunk in chunks)
    return b"RIFF" + len(content).to_bytes(4, "little") + content
