"""AVIF without anything but its picture: how the bit stream describes colours, and which parts are needed."""

import io
from typing import Any

import pytest
from PIL import Image

from tests.support import images as made
from transforms.containers.av1_sequence import read_code_points
from transforms.geometry import Size
from transforms.stripping import strip
from transforms.stripping.avif_items import read_picture

SIZE = Size(made.WIDTH, made.HEIGHT)


def avif(**options: Any) -> bytes:
    return made.encoded("avif", made.picture(), **{"quality": 30, "speed": 9} | options)


def bits(*fields: tuple[int, int]) -> bytes:
    """Return numbers of so many bits, one behind the other."""
    text = "".join(format(value, f"0{count}b") for value, count in fields)
    padded = text.ljust(-(-len(text) // 8) * 8, "0")
    return int(padded, 2).to_bytes(len(padded) // 8)


def test_an_avif_without_a_property_of_colours_stands_by_its_bit_stream() -> None:
    content = avif().replace(b"colrnclx", b"cllinclx")
    assert strip(content, "avif", SIZE) is not None


@pytest.mark.parametrize("transfer", [1, 6, 11, 14, 15])
def test_an_avif_by_a_curve_of_video_stands(transfer: int) -> None:
    """Browsers take these curves for sRGB's in an AVIF, and so does the conversion."""
    start = b"colrnclx" + (1).to_bytes(2)
    content = avif()
    assert start + (13).to_bytes(2) in content
    other = content.replace(start + (13).to_bytes(2), start + transfer.to_bytes(2))
    bare = strip(other, "avif", SIZE)
    assert bare is not None
    assert start + transfer.to_bytes(2) in bare
    assert strip(content.replace(start + (13).to_bytes(2), start + (4).to_bytes(2)), "avif", SIZE) is None


def test_an_avif_whose_bit_stream_is_wide_does_not_stand() -> None:
    content = avif().replace(b"colrnclx", b"cllinclx")
    picture = read_picture(content)
    stream = picture.items[picture.primary].content
    # 1, 13 and 6 in one row, wherever the bits begin
    row = bits((1, 8), (13, 8), (6, 8))
    wide = bits((12, 8), (13, 8), (6, 8))
    value = int.from_bytes(stream[:32])
    for shift in range(256 - 24, -1, -1):
        if value >> shift & 0xFFFFFF == int.from_bytes(row):
            value ^= (int.from_bytes(row) ^ int.from_bytes(wide)) << shift
            break
    changed = value.to_bytes(32) + stream[32:]
    assert read_code_points(changed) == (12, 13)
    assert strip(content.replace(stream, changed), "avif", SIZE) is None


def test_an_avif_whose_bit_stream_has_no_header_does_not_stand() -> None:
    content = avif().replace(b"colrnclx", b"cllinclx")
    picture = read_picture(content)
    stream = picture.items[picture.primary].content
    header = stream.index(b"\x0a")
    changed = stream[:header] + b"\x32" + stream[header + 1 :]
    assert strip(content.replace(stream, changed), "avif", SIZE) is None


def animation() -> bytes:
    frames = [made.picture(), made.picture().rotate(180)]
    return made.encoded_animation("avif", frames, durations_ms=[90, 90], quality=30, speed=9)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"hdlr" + bytes(8) + b"pict\0", b"hdlr" + bytes(8) + b"soun\0", id="sound"),
        pytest.param(b"av01" + bytes(6), b"av02" + bytes(6), id="another codec"),
        pytest.param(b"colrnclx\0\1\0\15", b"colrnclx\0\14\0\15", id="wide primaries"),
        pytest.param(b"colrnclx", b"clapnclx", id="a crop"),
        pytest.param(b"\0\1\0\0" + bytes(12) + b"\0\1", bytes(16) + b"\0\1", id="a turn"),
        pytest.param(b"stts\0\0\0\0\0\0\0\1", b"stts\0\0\0\0\0\0\0\0", id="bytes behind a table"),
    ],
)
def test_an_animation_with_other_parts_is_not_stripped(old: bytes, new: bytes) -> None:
    content = animation()
    assert old in content
    assert strip(content, "avif", SIZE) is not None
    assert strip(content.replace(old, new), "avif", SIZE) is None


def test_boxes_in_boxes_are_refused() -> None:
    content = animation()
    nested = b""
    for _ in range(2_000):
        nested = (len(nested) + 8).to_bytes(4) + b"trak" + nested
    start = content.index(b"moov") - 4
    size = int.from_bytes(content[start : start + 4])
    movie = (size + len(nested)).to_bytes(4) + content[start + 4 : start + size] + nested
    assert strip(content[:start] + movie + content[start + size :], "avif", SIZE) is None


def test_an_animations_times_names_and_gaps_are_cleared() -> None:
    """Its tables hold places in the file, so that it keeps its length."""
    secret = b"a text that is no pixel"
    content = animation()
    box = (len(secret) + 8).to_bytes(4) + b"udta" + secret
    gap = (len(secret) + 8).to_bytes(4) + b"mdat" + secret
    whole = content + box + gap
    start = whole.index(b"mvhd") + 8
    whole = whole[:start] + b"time" + whole[start + 4 :]
    bare = strip(whole, "avif", SIZE)
    assert bare is not None
    assert len(bare) == len(whole)
    assert secret not in bare
    assert b"time" not in bare
    assert b"AOM" not in bare


def test_numbers_of_items_stay_and_metadata_go() -> None:
    exif = Image.Exif()
    exif[0x8298] = "Ann Example"
    bare = strip(avif(exif=exif, xmp=b"<x/>"), "avif", SIZE)
    assert bare is not None
    assert {item.kind for item in read_picture(bare).items.values()} == {b"av01"}
    with Image.open(io.BytesIO(bare)) as image:
        assert "exif" not in image.info
        assert made.furthest(image, avif()) == 0
