"""PNG and APNG: the chunks of pixels. Source: PNG, third edition, sections 5 and 11."""

import zlib
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from itertools import groupby, islice
from struct import unpack
from typing import NamedTuple

from transforms.containers.chunks import SIGNATURE, as_chunk, checksum, walk_chunks
from transforms.geometry import Size

from .blocks import MAX_BLOCKS, Unstrippable

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
_GREY = 0
_INDEXED = 3
_PACKED_BITS = (2, 4)
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
    return SIGNATURE + b"".join(as_chunk(*chunk) for chunk in _with_palette(kept))


def _with_palette(chunks: list[Chunk]) -> list[Chunk]:
    """Return grey of 2 or 4 bits with a transparent level as indices of a palette of greys.

    Pillow compares such a level with samples that it has scaled to 8 bits, and shows it opaque."""
    header = chunks[0].content
    bits, color = header[8:10]
    transparent = next((chunk.content for chunk in chunks if chunk.kind == b"tRNS"), b"")
    if color != _GREY or bits not in _PACKED_BITS or len(transparent) != 2:
        return chunks
    largest = 2**bits - 1
    greys = b"".join(bytes([level * 255 // largest]) * 3 for level in range(largest + 1))
    # the bits above the depth mean nothing
    alphas = b"\xff" * (transparent[1] & largest) + b"\0"
    rest = [Chunk(kind, alphas if kind == b"tRNS" else content) for kind, content in chunks[1:]]
    indexed = header[:9] + bytes([_INDEXED]) + header[10:]
    return [Chunk(b"IHDR", indexed), Chunk(b"PLTE", greys), *rest]


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
    return SIGNATURE + b"".join(as_chunk(*chunk) for chunk in (chunks[0], *added, *chunks[1:]))


def _read_chunks(content: bytes) -> Iterator[Chunk]:
    """Read chunks up to the end of the image.

    Raise Unstrippable for a critical or a kept chunk that is unknown, damaged or too long."""
    for place in islice(walk_chunks(BytesIO(content)), MAX_BLOCKS):
        end = place.start + place.size
        chunk = Chunk(place.kind, content[place.start : end])
        is_critical = not chunk.kind[:1].islower()
        if chunk.kind in _KEPT or is_critical:
            is_whole = checksum(*chunk) == content[end : place.end]
            if place.size > _KEPT.get(chunk.kind, -1) or not is_whole:
                raise Unstrippable(f"a chunk {chunk.kind!r}")
        yield chunk
        if chunk.kind == b"IEND":
            return
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
