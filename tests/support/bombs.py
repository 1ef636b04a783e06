"""Images made by code that ask for more than they look: huge sizes, many frames, scans and directories."""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from PIL import Image

from tests.support import images as made
from tests.support.png_files import SIGNATURE, chunk
from transforms.formats.table import FORMATS

Field = tuple[int, str, tuple[Any, ...]]
"""Where in a file its size stands, how, and with which values."""

MANY_FRAMES, CANVAS = 5_000, 2_000


def flat(name: str, width: int, height: int) -> bytes:
    """Return an image of one colour: few bytes, all pixels."""
    fast: dict[str, Any] = {"quality": 50, "method": 0, "compress_level": 1, "lossless": False}
    return made.encoded(name, Image.new("RGB", (width, height), "#336699"), **fast)


def declaring(name: str, width: int, height: int) -> bytes:
    """Return the bytes of a small picture whose header claims to be of another size."""
    content = bytearray(made.encoded(name))
    at, layout, size = _SIZE_FIELDS[name](bytes(content), width, height)
    content[at : at + struct.calcsize(layout)] = struct.pack(layout, *size)
    if name == "png":
        content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content)


def _jpeg(content: bytes, width: int, height: int) -> Field:
    return content.index(b"\xff\xc0") + 5, ">HH", (height, width)


def _webp(content: bytes, width: int, height: int) -> Field:
    """VP8L: 14 bits each of width and height less one, behind a signature byte."""
    return content.index(b"VP8L") + 9, "<I", ((width - 1) | (height - 1) << 14,)


def _tiff(content: bytes, width: int, height: int) -> Field:
    """The first two entries of the directory, 12 bytes each, are width and height."""
    directory = struct.unpack_from("<I", content, 4)[0]
    return directory + 2, "<HHIIHHII", (256, 4, 1, width, 257, 4, 1, height)


def _ico(content: bytes, width: int, height: int) -> Field:
    """The picture inside is a PNG."""
    start = content.index(b"IHDR")
    chunk = b"IHDR" + struct.pack(">II", width, height) + content[start + 12 : start + 17]
    return start, ">17sI", (chunk, zlib.crc32(chunk))


_SIZE_FIELDS: dict[str, Callable[[bytes, int, int], Field]] = {
    "jpeg": _jpeg,
    "png": lambda content, width, height: (16, ">II", (width, height)),
    "webp": _webp,
    "avif": lambda content, width, height: (content.index(b"ispe") + 8, ">II", (width, height)),
    "gif": lambda content, width, height: (6, "<HH", (width, height)),
    "tiff": _tiff,
    "bmp": lambda content, width, height: (18, "<ii", (width, height)),
    "ico": _ico,
    "jp2": lambda content, width, height: (content.index(b"ihdr") + 4, ">II", (height, width)),
    "heic": lambda content, width, height: (content.index(b"ispe") + 8, ">II", (width, height)),
}
assert _SIZE_FIELDS.keys() == FORMATS.keys()


def jpeg_of_many_scans(width: int, height: int, scans: int) -> bytes:
    """Return a progressive JPEG that passes over all its blocks `scans` times, for 20 bytes a time."""
    buffer = io.BytesIO()
    Image.new("L", (width, height), 100).save(buffer, "JPEG", progressive=True)
    content = buffer.getvalue()
    starts = [at for at in _marker(content, b"\xff\xda") if content[at + 7] > 0]  # AC coefficients
    end = min(at for mark in (b"\xff\xc4", b"\xff\xda") for at in _marker(content, mark) if at > starts[0])
    return content[:end] + content[starts[0] : end] * scans + content[end:]


def _marker(content: bytes, mark: bytes) -> Iterator[int]:
    at = -1
    while (at := content.find(mark, at + 1)) >= 0:
        yield at


def animation(name: str, frames: int = MANY_FRAMES, canvas: int = CANVAS) -> bytes:
    """Return an animation whose canvas is large and whose frames are of 1 x 1 px."""
    return {"gif": _gif, "png": _apng, "webp": _animated_webp}[name](frames, canvas)


def _gif(frames: int, canvas: int) -> bytes:
    palette = bytes((0, 0, 0, 255, 255, 255))
    head = b"GIF89a" + struct.pack("<HHBBB", canvas, canvas, 0x80, 0, 0) + palette
    frame = b"\x21\xf9\x04\x00\x02\x00\x00\x00" + b"\x2c\0\0\0\0\x01\0\x01\0\0" + b"\x02\x02\x44\x01\x00"
    return head + frame * frames + b";"


def _apng(frames: int, canvas: int) -> bytes:
    def control(number: int, side: int) -> bytes:
        return chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, side, side, 0, 0, 1, 50, 0, 0))

    pixels = zlib.compress(bytes((canvas + 1) * canvas))
    dot = zlib.compress(bytes(2))
    parts = [
        chunk(b"IHDR", struct.pack(">IIBBBBB", canvas, canvas, 8, 0, 0, 0, 0)),
        chunk(b"acTL", struct.pack(">II", frames, 0)),
        control(0, canvas),
        chunk(b"IDAT", pixels),
    ]
    for number in range(1, 2 * frames - 2, 2):
        parts += [control(number, 1), chunk(b"fdAT", struct.pack(">I", number + 1) + dot)]
    return SIGNATURE + b"".join(parts) + chunk(b"IEND", b"")


def _animated_webp(frames: int, canvas: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

    def three(number: int) -> bytes:
        return number.to_bytes(3, "little")

    still = made.encoded("webp", Image.new("RGB", (1, 1)))
    dot = still[still.index(b"VP8L") :]
    frame = chunk(b"ANMF", three(0) * 2 + three(0) * 2 + three(20) + b"\0" + dot)
    head = chunk(b"VP8X", b"\x02\0\0\0" + three(canvas - 1) * 2) + chunk(b"ANIM", b"\0" * 6)
    body = b"WEBP" + head + frame * frames
    return b"RIFF" + struct.pack("<I", len(body)) + body


def zeros(size_bytes: int) -> bytes:
    """Return so many zeros as zlib packs them, a thousandth of that."""
    packer, block = zlib.compressobj(9), bytes(1_000_000)
    packed = [packer.compress(block) for _ in range(size_bytes // len(block))]
    return b"".join(packed) + packer.flush()


def tiff_of_directories(count: int, *, loops: bool) -> bytes:
    """Return a TIFF of 1 x 1 px in `count` directories, the last of which leads back to the first or ends."""
    entries = (
        (256, 4, 1),
        (257, 4, 1),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (278, 4, 1),
        (279, 4, 1),
    )
    fields = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    length, first = 2 + len(fields) + 4, 10
    following = [first + length * number for number in range(1, count)] + [first if loops else 0]
    directories = (struct.pack("<H", len(entries)) + fields + struct.pack("<I", to) for to in following)
    return b"II*\0" + struct.pack("<I", first) + b"\x80\0" + b"".join(directories)
