"""BigTIFF: its tags are metadata, and its pixels stand for a result, as those of a usual TIFF."""

import io
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, TiffImagePlugin

from tests.support import images as made
from transforms.formats.big_tiff import read_tiff
from transforms.formats.exif import EXIF, IMAGE

ARTIST = 315
WIDTH = 256
STRIPS = 273
LONG8 = 16
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}
ALL = {IMAGE: lambda _: True, EXIF: lambda _: True}


def big_tiff(**options: Any) -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[ARTIST] = "Ann"
    tags[282], tags[283], tags[296] = 300, 300, 2
    buffer = io.BytesIO()
    made.photograph(160, 120).save(buffer, "TIFF", tiffinfo=tags, **options)
    return as_big(buffer.getvalue())


def as_big(usual: bytes) -> bytes:
    """Return a TIFF of Pillow as BigTIFF, with places of eight bytes. Pillow writes only raw pixels as such."""
    start = int.from_bytes(usual[4:8], "little")
    count = int.from_bytes(usual[start : start + 2], "little")
    moved = 16 - 8
    body = b"II+\0\x08\0\0\0" + bytes(8) + usual[8:]
    entries = b""
    for at in range(start + 2, start + 2 + 12 * count, 12):
        tag, type, number, value = struct.unpack_from("<HHII", usual, at)
        size = SIZES[type] * number
        content = usual[at + 8 : at + 8 + size] if size <= 4 else usual[value : value + size]
        if tag == STRIPS:
            places = struct.unpack(f"<{number}{'H' if type == 3 else 'I'}", content)
            type, content = LONG8, struct.pack(f"<{number}Q", *(place + moved for place in places))
        if len(content) > 8:
            body += bytes(-len(body) % 8)
            place = len(body)
            body += content
            content = place.to_bytes(8, "little")
        entries += struct.pack("<HHQ", tag, type, number) + content.ljust(8, b"\0")
    body += bytes(-len(body) % 8)
    place = len(body)
    body += count.to_bytes(8, "little") + entries + bytes(8)
    return body[:8] + place.to_bytes(8, "little") + body[16:]


def test_tags_and_places_are_read() -> None:
    content = big_tiff()
    exif = read_tiff(io.BytesIO(content), ALL, max_bytes=10_000)
    assert exif.image[ARTIST].content == b"Ann\0"
    assert int.from_bytes(exif.image[WIDTH].content, "little") == 160
    assert int.from_bytes(exif.image[STRIPS].content[:4], "little") < len(content)


@pytest.mark.parametrize("kept_bytes", [16, 20, 40, 100])
def test_a_broken_directory_leaves_values_out(kept_bytes: int) -> None:
    content = big_tiff()
    start = int.from_bytes(content[8:16], "little")
    broken = content[: start + kept_bytes]
    try:
        exif = read_tiff(io.BytesIO(broken), ALL, max_bytes=10_000)
    except ValueError:
        return
    assert len(exif.image) < 5


def test_values_beyond_the_limit_are_left_out() -> None:
    content = big_tiff()
    start = int.from_bytes(content[8:16], "little")
    count = int.from_bytes(content[start : start + 8], "little")
    exif = read_tiff(io.BytesIO(content), ALL, max_bytes=8 + 20 * count)
    assert ARTIST in exif.image
    assert STRIPS not in exif.image or len(exif.image[STRIPS].content) <= 8


@pytest.mark.parametrize("level", ["safe", "copyright", "keep"])
@pytest.mark.parametrize("compression", ["jpeg", "tiff_lzw", "tiff_adobe_deflate"])
def test_it_never_grows(compression: str, level: str, tmp_path: Path) -> None:
    content = big_tiff(compression=compression, **({"quality": 50} if compression == "jpeg" else {}))
    _, result = made.rendered(content, f"metadata={level}", tmp_path)
    assert len(result) <= len(content)
    assert (b"Ann" in result) == (level != "safe")
    assert made.furthest(Image.open(io.BytesIO(content)), result) == 0


def test_the_density_stays(tmp_path: Path) -> None:
    _, result = made.rendered(big_tiff(), "metadata=keep&w=80", tmp_path)
    assert Image.open(io.BytesIO(result)).info["dpi"] == (300, 300)
