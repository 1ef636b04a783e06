"""PNG and APNG: the chunks of pixels. Source: PNG, third edition, sections 5 and 11."""

import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby
from struct import unpack
from typing import NamedTuple

from transforms.geometry import Size

from .blocks import MAX_BLOCKS, Unstrippable

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEPT = {
    b"IHDR": 13,
    b"PLTE": 768,
    b"tRNS": 256,
    b"acTL": 8,
    b"fcTL": 26,
    b"fdAT": 2**31,
    b"IDAT": 2**31,
    b"IEND": 0,
}
"""The most bytes of each chunk that is kept."""
_ANIMATION = frozenset({b"acTL", b"fcTL", b"fdAT"})
_FRAMES = frozenset({b"fcTL", b"IDAT", b"fdAT"})
_INDEXED = 3
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_SUBIMAGES = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
"""Adam7: the first column and row, and the steps across and down."""
_INFLATED_BYTES = 1_000_000


class Chunk(NamedTuple):
    kind: bytes
    content: bytes

    @property
    def written(self) -> bytes:
        checksum = zlib.crc32(self.kind + self.content)
        return len(self.content).to_bytes(4) + self.kind + self.content + checksum.to_bytes(4)


def strip_png(content: bytes, size: Size) -> bytes:
    """Return a PNG without its ancillary chunks, but for transparency and animation."""
    chunks = list(_read_chunks(content))
    kept = [chunk for chunk in chunks if chunk.kind in _KEPT]
    if not kept or kept[0].kind != b"IHDR" or kept[-1].kind != b"IEND":
        raise Unstrippable("chunks out of order")
    kept = _without_unshown(kept)
    if kept[0].content[9] != _INDEXED:
        # a palette that no pixel uses
        kept = [chunk for chunk in kept if chunk.kind != b"PLTE"]
    return _SIGNATURE + b"".join(chunk.written for chunk in kept)


def _without_unshown(chunks: list[Chunk]) -> list[Chunk]:
    """Return the chunks without an animation that no decoder shows, as that of a still PNG is.

    Raise Unstrippable if an animation has other frames than it counts."""
    kinds = [chunk.kind for chunk in chunks]
    pixels_at = kinds.index(b"IDAT") if b"IDAT" in kinds else 0
    controls = [chunk.content for chunk in chunks[:pixels_at] if chunk.kind == b"acTL"]
    if not controls:
        return [chunk for chunk in chunks if chunk.kind not in _ANIMATION]
    heads = [kind for kind, _ in groupby(kinds) if kind in _FRAMES]
    heads = heads[heads.index(b"fcTL") :] if b"fcTL" in heads else []
    is_alternating = heads[::2].count(b"fcTL") == kinds.count(b"fcTL") == len(heads) / 2
    if not is_alternating or controls[0][:4] != kinds.count(b"fcTL").to_bytes(4):
        raise Unstrippable("frames that are not counted")
    return chunks


def is_sound_png(bare: bytes) -> bool:
    """Whether each compressed stream inflates to the pixels of its frame, with nothing behind them."""
    chunks = list(_read_chunks(bare))
    width, height, depth, color, _, _, interlacing = unpack(">IIBBBBB", chunks[0].content)
    bits = depth * _CHANNELS[color]
    sizes = [(width, height)]
    streams = []
    for kind, group in groupby(chunks, key=lambda chunk: chunk.kind):
        members = list(group)
        if kind == b"fcTL":
            sizes.append(unpack(">II", members[-1].content[4:12]))
        if kind == b"IDAT":
            streams.append((sizes[0], b"".join(chunk.content for chunk in members)))
        if kind == b"fdAT":
            streams.append((sizes[-1], b"".join(chunk.content[4:] for chunk in members)))
    counts = [
        sum(1 for chunk in chunks if chunk.kind == kind) for kind in (b"IHDR", b"PLTE", b"acTL", b"IEND")
    ]
    idats = [kind for kind, _ in groupby(chunks, key=lambda chunk: chunk.kind) if kind == b"IDAT"]
    if max(counts) > 1 or len(idats) != 1:
        return False
    return all(_inflates_to(_count_bytes(size, bits, interlacing), stream) for size, stream in streams)


def restore_png_metadata(bare: bytes, donor: bytes) -> bytes:
    """Return a stripped PNG with the ancillary chunks of another."""
    chunks = list(_read_chunks(bare))
    added = [chunk for chunk in _read_chunks(donor) if chunk.kind not in _KEPT]
    return _SIGNATURE + b"".join(chunk.written for chunk in (chunks[0], *added, *chunks[1:]))


def _read_chunks(content: bytes) -> Iterator[Chunk]:
    """Read chunks up to the end of the image.

    Raise Unstrippable for a critical or a kept chunk that is unknown, damaged or too long."""
    position = 8
    for _ in range(MAX_BLOCKS):
        size = int.from_bytes(content[position : position + 4])
        kind = content[position + 4 : position + 8]
        end = position + 8 + size
        is_critical = not kind[:1].islower()
        if kind in _KEPT or is_critical:
            checksum = zlib.crc32(content[position + 4 : end])
            if size > _KEPT.get(kind, -1) or checksum.to_bytes(4) != content[end : end + 4]:
                raise Unstrippable(f"a chunk {kind!r}")
        yield Chunk(kind, content[position + 8 : end])
        if kind == b"IEND":
            return
        position = end + 4
    raise Unstrippable("too many chunks")


def _count_bytes(size: tuple[int, int], bits: int, interlacing: int) -> int:
    """Return the bytes of the pixels, with a byte for the filter of each row."""
    width, height = size
    if interlacing == 0:
        return height * (1 + (width * bits + 7) // 8)
    total = 0
    for left, top, across, down in _SUBIMAGES:
        columns = -(-(width - left) // across)
        rows = -(-(height - top) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total


def _inflates_to(count: int, stream: bytes) -> bool:
    """Whether the stream is sound, and inflates to `count` bytes with nothing behind them."""
    inflate = zlib.decompressobj()
    total = 0
    block = b"\0"
    with suppress(zlib.error):
        while block and total <= count:
            block = inflate.decompress(stream, _INFLATED_BYTES)
            stream = inflate.unconsumed_tail
            total += len(block)
    return inflate.eof and total == count and not inflate.unused_data
