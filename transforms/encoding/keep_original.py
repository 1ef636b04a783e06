"""An optimized image never grows: where a result would, its original stands for it, if it is pixels alone.

Segments and chunks are allow-listed, and nothing follows the end."""

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
    rb"<(?:\?(?:php|xml|=)|!doctype|script|html|svg|iframe|body|img)|%PDF|PK\x03\x04", re.IGNORECASE
)
"""What a lossy stream may hide behind its last pixel and no decoder tells."""

_JPEG_SEGMENT = re.compile(
    rb"\xff(?:\xe0\x00\x10JFIF\x00\x01.[\x00-\x02].{4}\x00\x00"
    rb"|([\xc4\xda\xdb\xdd]|[\xc0-\xc2](?=..\x08.{4}[\x01\x03]))(..))",
    re.DOTALL,
)
"""JFIF without a thumbnail; frames of one or three channels, tables, restart intervals and scans (ITU T.81,
table B.1)."""
_JPEG_SCAN_END = re.compile(rb"\xff[^\x00\xd0-\xd7]")

_PNG_CHUNKS = {b"IHDR": 13, b"PLTE": 768, b"tRNS": 256, b"sRGB": 1, b"IDAT": 2**31, b"IEND": 0}
"""The most bytes of each. Without gAMA and cHRM: a result tells nothing of the colours either."""
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_INFLATED_BYTES = 1_000_000

_WEBP_CHUNKS = re.compile(rb"VP8 |VP8L|VP8X(?:(?:ALPH)?VP8 |VP8L|ANIM(?:ANMF)+)")
_WEBP_FRAME_CHUNKS = re.compile(rb"(?:ALPH)?VP8 |VP8L")

_GIF_HEAD = 13
_GIF_BLOCK = re.compile(
    rb"!\xf9\x04.{4}\x00|!\xff\x0bNETSCAPE2\.0\x03\x01..\x00|,.{8}(?P<flags>.)", re.DOTALL
)
"""How long a frame is shown, how often all are, and a frame."""


def prefer_original(source: Path, header: Header, transform: Transform, target: Path) -> bool:
    """Put the original in the place of the result at `target`, where it may stand for it and is smaller or
    alone fits. Return whether it does."""
    written = target.stat().st_size if target.exists() else 0
    size_bytes = source.stat().st_size
    asked = transform.output
    # at 100, where no quality was asked for, nothing is better than the original
    is_best = asked.max_bytes and asked.quality == 100
    most = (asked.max_bytes or 0) if is_best or not written else written - 1
    if size_bytes > most or not _may_stand(source, header, transform):
        return False
    copyfile(source, target)
    return True


def _may_stand(source: Path, header: Header, transform: Transform) -> bool:
    asked = transform.output
    free = Output(quality=asked.quality, max_bytes=asked.max_bytes, effort=asked.effort)
    return (
        not transform.operations
        and header.format in _IS_BARE
        and resolve(Transform(output=free), header.format).output == asked
        and is_bare(source.read_bytes(), header.format)
    )


def is_bare(content: bytes, format: str) -> bool:
    """Whether an image that could be decoded holds its pixels alone, in no other colours than sRGB."""
    return _IS_BARE[format](content) and not _ACTIVE.search(content)


def _is_bare_jpeg(content: bytes) -> bool:
    at = 2
    while segment := _JPEG_SEGMENT.match(content, at):
        at = segment.end()
        if segment[1]:
            at += int.from_bytes(segment[2]) - 2
        if segment[1] == b"\xda":
            end = _JPEG_SCAN_END.search(content, at)
            at = end.start() if end else len(content)
    return content[at:] == b"\xff\xd9"


def _is_bare_png(content: bytes) -> bool:
    """Interlaced and animated ones are not looked into."""
    chunks, at = [], 8
    while at < len(content):
        kind, end = content[at + 4 : at + 8], at + 8 + int.from_bytes(content[at : at + 4])
        if end - at - 8 > _PNG_CHUNKS.get(kind, -1):
            return False
        if zlib.crc32(content[at + 4 : end]).to_bytes(4) != content[end : end + 4]:
            return False
        chunks.append((kind, content[at + 8 : end]))
        at = end + 4
    if [kind for kind, _ in chunks if kind in (b"IHDR", b"IEND")] != [chunks[0][0], chunks[-1][0]]:
        return False
    width, height, depth, color, *ways = unpack(">IIBBBBB", chunks[0][1])
    rows = height * (1 + (width * depth * _PNG_CHANNELS[color] + 7) // 8)
    return not any(ways) and _inflates_to(rows, b"".join(part for kind, part in chunks if kind == b"IDAT"))


def _inflates_to(count: int, stream: bytes) -> bool:
    """Whether the stream is sound, has so many bytes and ends with them."""
    inflate, total, part = zlib.decompressobj(), 0, b"\0"
    with suppress(zlib.error):
        while part and total <= count:
            part = inflate.decompress(stream, _INFLATED_BYTES)
            stream = inflate.unconsumed_tail
            total += len(part)
    return inflate.eof and total == count and not inflate.unused_data


def _is_bare_webp(content: bytes) -> bool:
    is_whole = int.from_bytes(content[4:8], "little") == len(content) - 8
    return is_whole and _has_webp_chunks(content[12:], _WEBP_CHUNKS)


def _has_webp_chunks(content: bytes, expected: re.Pattern[bytes]) -> bool:
    kinds, at = [], 0
    while at < len(content):
        kind, length = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        start, end = at + 8, at + 8 + length
        at = end + length % 2
        if content[end:at].strip(b"\0"):
            return False
        if kind == b"ANMF" and not _has_webp_chunks(content[start + 16 : end], _WEBP_FRAME_CHUNKS):
            return False
        kinds.append(kind)
    return at == len(content) and bool(expected.fullmatch(b"".join(kinds)))


def _is_bare_gif(content: bytes) -> bool:
    at = _GIF_HEAD + _gif_palette_bytes(content[10])
    while block := _GIF_BLOCK.match(content, at):
        at = block.end()
        if block["flags"]:
            at += _gif_palette_bytes(block["flags"][0]) + 1  # and the size of the first codes
            while at < len(content) and content[at]:
                at += content[at] + 1
            at += 1
    return content[at:] == b";"


def _gif_palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


_IS_BARE: Mapping[str, Callable[[bytes], bool]] = {
    "jpeg": _is_bare_jpeg,
    "png": _is_bare_png,
    "webp": _is_bare_webp,
    "gif": _is_bare_gif,
}
