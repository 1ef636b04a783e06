"""An optimized image never grows: its original is returned instead, if that holds nothing but pixels.

Segments and chunks are allow-listed, and nothing may follow the end."""

import re
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from shutil import copyfile
from struct import unpack

from progimage.operations import Output
from progimage.transform import Transform
from transforms.decoding.header import Header
from transforms.planning.resolve import resolve

_ACTIVE = re.compile(
    rb"<(?:\?(?:php|xml|=)|!doctype|script|html|svg|iframe|body|img)|%PDF|PK\x03\x04",
    re.IGNORECASE,
)
"""Content that a lossy stream may hide behind its last pixel. No decoder reports it."""

_JPEG_SEGMENT = re.compile(
    rb"\xff(?:\xe0\x00\x10JFIF\x00\x01.[\x00-\x02].{4}\x00\x00"
    rb"|([\xc4\xda\xdb\xdd]|[\xc0-\xc2](?=..\x08.{4}[\x01\x03]))(..))",
    re.DOTALL,
)
"""JFIF without a thumbnail; frames of one or three channels, tables,
restart intervals and scans (ITU T.81, table B.1)."""
_JPEG_SCAN_END = re.compile(rb"\xff[^\x00\xd0-\xd7]")

_PNG_CHUNKS = {
    b"IHDR": 13,
    b"PLTE": 768,
    b"tRNS": 256,
    b"sRGB": 1,
    b"IDAT": 2**31,
    b"IEND": 0,
}
"""The most bytes of each chunk. gAMA and cHRM are not allowed: a
result does not describe its colours either."""
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_INFLATED_BYTES = 1_000_000

_WEBP_CHUNKS = re.compile(rb"VP8 |VP8L|VP8X(?:(?:ALPH)?VP8 |VP8L|ANIM(?:ANMF)+)")
_WEBP_FRAME_CHUNKS = re.compile(rb"(?:ALPH)?VP8 |VP8L")

_GIF_HEAD = 13
_GIF_BLOCK = re.compile(
    rb"!\xf9\x04.{4}\x00|!\xff\x0bNETSCAPE2\.0\x03\x01..\x00|,.{8}(?P<flags>.)",
    re.DOTALL,
)
"""The duration of a frame, the number of plays, and a frame."""


def prefer_original(
    source: Path,
    header: Header,
    transform: Transform,
    target: Path,
) -> bool:
    """Replace the result at `target` by the original if that may stand for it.

    Return whether it was replaced.

    The original has to be smaller than the result, or the only one that fits max_bytes."""
    result_bytes = target.stat().st_size if target.exists() else 0
    original_bytes = source.stat().st_size
    if original_bytes > _max_original_bytes(transform.output, result_bytes):
        return False
    if not _may_stand(source, header, transform):
        return False
    copyfile(source, target)
    return True


def _max_original_bytes(output: Output, result_bytes: int) -> int:
    if not result_bytes:
        return output.max_bytes or 0
    # no result is better than the original if max_bytes is given and no quality, which 100 stands for
    if output.max_bytes and output.quality == 100:
        return output.max_bytes
    return result_bytes - 1


def _may_stand(
    source: Path,
    header: Header,
    transform: Transform,
) -> bool:
    if transform.operations or header.format not in _IS_BARE:
        return False
    output = transform.output
    unchanging = Output(
        quality=output.quality,
        max_bytes=output.max_bytes,
        effort=output.effort,
    )
    if resolve(Transform(output=unchanging), header.format).output != output:
        return False
    return is_bare(source.read_bytes(), header.format)


def is_bare(content: bytes, format: str) -> bool:
    """Whether a decodable image holds nothing but its pixels, in colours that are sRGB."""
    return _IS_BARE[format](content) and not _ACTIVE.search(content)


def _is_bare_jpeg(content: bytes) -> bool:
    position = 2
    while segment := _JPEG_SEGMENT.match(content, position):
        position = segment.end()
        if segment[1]:
            position += int.from_bytes(segment[2]) - 2
        if segment[1] == b"\xda":
            end = _JPEG_SCAN_END.search(content, position)
            position = end.start() if end else len(content)
    return content[position:] == b"\xff\xd9"


def _is_bare_png(content: bytes) -> bool:
    """Whether a PNG is bare. Interlaced and animated ones are not examined, and count as not bare."""
    chunks = _read_png_chunks(content)
    if chunks is None:
        return False
    ends = [kind for kind, _ in chunks if kind in (b"IHDR", b"IEND")]
    if ends != [chunks[0][0], chunks[-1][0]]:
        return False
    width, height, depth, color, *methods = unpack(">IIBBBBB", chunks[0][1])
    if any(methods):
        return False
    row_bytes = (width * depth * _PNG_CHANNELS[color] + 7) // 8
    stream = b"".join(chunk for kind, chunk in chunks if kind == b"IDAT")
    return _inflates_to(height * (1 + row_bytes), stream)


def _read_png_chunks(content: bytes) -> list[tuple[bytes, bytes]] | None:
    """Return the chunks as pairs of kind and content; None if one is not allowed, too long or damaged."""
    chunks = []
    position = 8
    while position < len(content):
        size = int.from_bytes(content[position : position + 4])
        kind = content[position + 4 : position + 8]
        end = position + 8 + size
        if size > _PNG_CHUNKS.get(kind, -1):
            return None
        checksum = zlib.crc32(content[position + 4 : end])
        if checksum.to_bytes(4) != content[end : end + 4]:
            return None
        chunks.append((kind, content[position + 8 : end]))
        position = end + 4
    return chunks


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


def _is_bare_webp(content: bytes) -> bool:
    declared_bytes = int.from_bytes(content[4:8], "little")
    return declared_bytes == len(content) - 8 and _has_webp_chunks(content[12:], _WEBP_CHUNKS)


def _has_webp_chunks(content: bytes, expected: re.Pattern[bytes]) -> bool:
    kinds = []
    position = 0
    while position < len(content):
        kind = content[position : position + 4]
        length = int.from_bytes(content[position + 4 : position + 8], "little")
        start = position + 8
        end = start + length
        position = end + length % 2
        padding = content[end:position]
        if padding.strip(b"\0"):
            return False
        if kind == b"ANMF" and not _has_webp_chunks(content[start + 16 : end], _WEBP_FRAME_CHUNKS):
            return False
        kinds.append(kind)
    return position == len(content) and bool(expected.fullmatch(b"".join(kinds)))


def _is_bare_gif(content: bytes) -> bool:
    position = _GIF_HEAD + _gif_palette_bytes(content[10])
    while block := _GIF_BLOCK.match(content, position):
        position = block.end()
        if block["flags"]:
            # behind the palette stands the size of the first codes
            position += _gif_palette_bytes(block["flags"][0]) + 1
            while position < len(content) and content[position]:
                position += content[position] + 1
            position += 1
    return content[position:] == b";"


def _gif_palette_bytes(flags: int) -> int:
    has_palette = flags & 0x80
    if not has_palette:
        return 0
    colors = 2 << (flags & 7)
    return 3 * colors


_IS_BARE: Mapping[str, Callable[[bytes], bool]] = {
    "jpeg": _is_bare_jpeg,
    "png": _is_bare_png,
    "webp": _is_bare_webp,
    "gif": _is_bare_gif,
}
