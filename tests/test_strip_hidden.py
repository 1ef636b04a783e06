"""Parts of an original that no decoder shows: they stand in no stripped image, wherever they are."""

import io
import zlib
from collections.abc import Callable
from struct import pack, unpack_from

import pytest
from PIL import Image

from tests.support import images as made
from tests.support.animations import RGBA, Part, apng, flat
from tests.support.carriers import encoded
from tests.support.png_files import chunk
from tests.support.stored_files import Store, stored
from transforms.decoding.decode import validate
from transforms.geometry import Size
from transforms.stripping import is_bare, strip

__all__ = ["stored"]

SECRET = b"a text that is no pixel"
SIZE = Size(made.WIDTH, made.HEIGHT)


def hidden_frame(number: int, *, size: tuple[int, int] = SIZE) -> bytes:
    """Return the chunks of a frame of RGBA whose pixels are a text."""
    width, height = size
    row = b"\0" + (SECRET * width)[: 4 * width]
    control = pack(">IIIIIHHBB", number, width, height, 0, 0, 1, 10, 0, 0)
    pixels = (number + 1).to_bytes(4) + zlib.compress(row * height, 0)
    return chunk(b"fcTL", control) + chunk(b"fdAT", pixels)


def still(*, before: bytes = b"", behind: bytes = b"") -> bytes:
    content = made.encoded("png", made.picture().convert("RGBA"))
    return content[:33] + before + content[33:-12] + behind + content[-12:]


def animated(frames: int | None = None) -> bytes:
    parts = [Part((0, 0, *SIZE), flat(SIZE, bytes((level, 0, 0, 255)))) for level in (10, 200)]
    return apng(SIZE, parts, color_type=RGBA, frames=frames, late=hidden_frame(3))


def tiff(compression: str, *, part: bytes = b"", behind: bytes = b"") -> bytes:
    """Return a TIFF of one strip, with another part that no row needs, or with bytes behind the strip's."""
    content = bytearray(encoded("TIFF", made.picture(20, 10), compression=compression))
    start = int.from_bytes(content[4:8], "little")
    tags = [list(unpack_from("<HHII", content, place)) for place in range(start + 2, len(content) - 12, 12)]
    tags = tags[: int.from_bytes(content[start : start + 2], "little")]
    by_number = {tag[0]: tag for tag in tags}
    offset = by_number[273][3]
    size = by_number[279][3]
    strip_at = len(content)
    content += content[offset : offset + size] + behind
    sizes = [size + len(behind)]
    places = [strip_at]
    if part:
        places.append(len(content))
        sizes.append(len(part))
        content += part
    for number, values in ((273, places), (279, sizes)):
        by_number[number][1:3] = [4, len(values)]
        by_number[number][3] = values[0] if len(values) == 1 else len(content)
        content += b"" if len(values) == 1 else pack("<2I", *values)
    content[4:8] = len(content).to_bytes(4, "little")
    return bytes(content + pack("<H", len(tags)) + b"".join(pack("<HHII", *tag) for tag in tags) + bytes(4))


def with_header_box(kind: bytes, box: bytes) -> bytes:
    content = bytearray(encoded("JPEG2000", made.picture()))
    start = content.index(b"jp2h") - 4
    size = int.from_bytes(content[start : start + 4])
    content[start + size : start + size] = (len(box) + 8).to_bytes(4) + kind + box
    content[start : start + 4] = (size + len(box) + 8).to_bytes(4)
    return bytes(content)


def with_tables() -> bytes:
    content = made.encoded("jpeg", made.picture())
    table = b"\3" + (SECRET * 3)[:64]
    return content[:2] + 2 * (b"\xff\xdb" + (2 + len(table)).to_bytes(2) + table) + content[2:]


def icon() -> bytes:
    buffer = io.BytesIO()
    made.picture(32, 32).save(buffer, "ICO", sizes=[(32, 32)], bitmap_format="bmp")
    content = bytearray(buffer.getvalue())
    start = int.from_bytes(content[18:22], "little")
    content[start + 20 : start + 32] = SECRET[:12]
    return bytes(content)


CHANNELS = pack(">H", 3) + b"".join(pack(">HHH", index, 0, index + 1) for index in range(3))

CARRIERS: dict[str, tuple[str, Callable[[], bytes], Size]] = {
    "a frame of a still PNG": ("png", lambda: still(behind=hidden_frame(0)), SIZE),
    "a frame of a PNG whose animation comes too late": (
        "png", lambda: still(behind=chunk(b"acTL", pack(">II", 1, 0)) + hidden_frame(0)), SIZE,
    ),
    "a frame of an animation of none": (
        "png", lambda: still(before=chunk(b"acTL", bytes(8)), behind=hidden_frame(0)), SIZE,
    ),
    "a frame that an APNG does not count": ("png", lambda: animated(frames=2), SIZE),
    "a strip behind the last row": ("tiff", lambda: tiff("tiff_lzw", part=SECRET), Size(20, 10)),
    "bytes behind a deflated strip": ("tiff", lambda: tiff("tiff_adobe_deflate", behind=SECRET), Size(20, 10)),
    "tables that others replace": ("jpeg", with_tables, SIZE),
    "the tail of a box": ("jp2", lambda: with_header_box(b"cdef", CHANNELS + SECRET), SIZE),
    "the measures of a bitmap": ("ico", icon, Size(32, 32)),
}  # fmt: skip


@pytest.mark.parametrize("name", CARRIERS)
def test_what_no_decoder_shows_stands_in_no_stripped_image(name: str, stored: Store) -> None:
    format, make, size = CARRIERS[name]
    content = make()
    assert SECRET[:12] in content
    assert validate(stored(content)).stored == size
    bare = strip(content, format, size)
    assert bare is None or (SECRET[:12] not in bare and is_bare(bare, format))
    if bare:
        with Image.open(io.BytesIO(bare)) as image, Image.open(io.BytesIO(content)) as whole:
            assert made.furthest(image.convert("RGBA"), whole.convert("RGBA")) == 0


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_without_hidden_parts_they_are_kept(compression: str) -> None:
    assert strip(tiff(compression), "tiff", Size(20, 10)) is not None
    assert strip(still(), "png", SIZE) is not None


@pytest.mark.parametrize("mode", ["RGB", "L", "1"])
def test_padding_of_rows_is_cleared(mode: str) -> None:
    size = Size(33, 9)
    content = made.encoded("bmp", made.picture(*size).convert(mode))
    start = int.from_bytes(content[10:14], "little")
    bits = {"RGB": 24, "L": 8, "1": 1}[mode] * size.width
    row_bytes = -(-bits // 32) * 4
    padded = bytearray(content)
    for row in range(size.height):
        end = start + (row + 1) * row_bytes
        padded[end - row_bytes + bits // 8 + 1 : end] = SECRET[: row_bytes - bits // 8 - 1]
    bare = strip(bytes(padded), "bmp", size)
    assert bare is not None
    assert bare == strip(content, "bmp", size)
    assert made.furthest(bare, content) == 0
