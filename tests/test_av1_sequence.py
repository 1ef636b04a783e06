"""The sequence header of AV1, and its place in an AVIF: bits of untrusted bytes."""

import io
import random
import struct
import time

import pytest

from tests.support import color_files as files
from tests.support import images as made
from transforms.containers.av1_sequence import UNSPECIFIED, CodePoints, read_code_points
from transforms.decoding.avif.avif_colors import read_picture
from transforms.decoding.avif.avif_payload import read_item_start

COLORS = (9, 16)


class Bits:
    """Bits that are written one number after the other."""

    def __init__(self) -> None:
        self.text = ""

    def put(self, *numbers: tuple[int, int]) -> "Bits":
        self.text += "".join(f"{value:0{count}b}" for value, count in numbers)
        return self

    def unit(self, kind: int = 1) -> bytes:
        padded = self.text + "0" * (-len(self.text) % 8)
        payload = int(padded, 2).to_bytes(len(padded) // 8)
        return bytes((kind << 3 | 2, len(payload))) + payload


def colors(bits: Bits, *, is_described: int = 1) -> Bits:
    """Put the depth, the lack of chroma, and the code points."""
    return bits.put((0, 1), (0, 1), (is_described, 1), (COLORS[0], 8), (COLORS[1], 8), (9, 8))


def reduced(is_described: int = 1) -> Bits:
    """Return the header of a still picture that leaves out most."""
    bits = Bits().put((0, 3), (1, 1), (1, 1), (4, 5), (9, 4), (9, 4), (63, 10), (63, 10), (0, 3), (0, 3))
    return colors(bits, is_described=is_described)


def with_everything() -> Bits:
    """Return a header with timing, a decoder's model, delays, two operating points, frame ids and order hints."""
    bits = Bits().put((0, 3), (0, 1), (0, 1))
    # timing: two numbers, equal intervals of 4 ticks as a number of three bits behind two zeros
    bits.put((1, 1), (1, 32), (25, 32), (1, 1), (0, 2), (1, 1), (1, 2))
    bits.put((1, 1), (9, 5), (1, 32), (9, 5), (9, 5))
    bits.put((1, 1), (1, 5))
    bits.put((0, 12), (9, 5), (1, 1), (1, 1), (7, 10), (7, 10), (0, 1), (1, 1), (3, 4))
    bits.put((0, 12), (4, 5), (0, 1), (0, 1))
    bits.put((9, 4), (9, 4), (63, 10), (63, 10), (1, 1), (2, 4), (1, 3), (0, 3))
    bits.put((0, 4), (1, 1), (0, 2), (0, 1), (1, 1), (0, 1), (1, 1), (6, 3), (0, 3))
    return colors(bits)


def of_444() -> Bits:
    """Return the header of a still picture of profile 1, which has no bit for the lack of chroma."""
    bits = Bits().put((1, 3), (1, 1), (1, 1), (4, 5), (9, 4), (9, 4), (63, 10), (63, 10), (0, 3), (0, 3))
    return bits.put((0, 1), (1, 1), (COLORS[0], 8), (COLORS[1], 8), (9, 8))


@pytest.mark.parametrize(
    ("stream", "found"),
    [
        pytest.param(b"", None, id="nothing"),
        pytest.param(reduced().unit(), CodePoints(*COLORS), id="a still picture"),
        pytest.param(with_everything().unit(), CodePoints(*COLORS), id="a video"),
        pytest.param(b"\x12\0" + reduced().unit(), CodePoints(*COLORS), id="behind a delimiter"),
        pytest.param(reduced(is_described=0).unit(), UNSPECIFIED, id="not described"),
        pytest.param(of_444().unit(), CodePoints(*COLORS), id="4:4:4"),
        pytest.param(b"\x08", None, id="a unit without a size"),
        pytest.param(reduced().unit(kind=6), None, id="no header"),
        pytest.param(reduced().unit()[:6], None, id="cut off"),
        pytest.param(b"\x0a" + b"\xff" * 9, None, id="a size without end"),
        pytest.param(b"\x12\0" * 100 + reduced().unit(), None, id="behind 100 units"),
    ],
)
def test_code_points(stream: bytes, found: CodePoints | None) -> None:
    assert read_code_points(stream) == found


def test_spoilt_streams_raise_nothing() -> None:
    dice = random.Random(11)
    for original in (reduced().unit(), with_everything().unit()):
        for _ in range(2_000):
            spoilt = bytearray(original)
            for _ in range(dice.randrange(1, 6)):
                spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
            read_code_points(bytes(spoilt))


def test_the_bitstream_of_the_encoder() -> None:
    picture = read_picture(io.BytesIO(made.encoded("avif")))
    assert read_code_points(picture.stream) == CodePoints(1, 13)
    changed = files.with_bitstream_code_points(made.encoded("avif"), *COLORS)
    assert read_code_points(read_picture(io.BytesIO(changed)).stream) == CodePoints(*COLORS)


def _iloc(version: int, sizes: int, item: bytes, *, count: int = 1) -> bytes:
    count_bytes = struct.pack(">I" if version == 2 else ">H", count)
    content = bytes((version, 0, 0, 0)) + struct.pack(">H", sizes) + count_bytes + item
    return struct.pack(">I", 8 + len(content)) + b"iloc" + content


@pytest.mark.parametrize(
    ("iloc", "start"),
    [
        pytest.param(_iloc(0, 0x4400, struct.pack(">HHHII", 7, 0, 1, 3, 5)), b"defgh", id="version 0"),
        pytest.param(
            _iloc(1, 0x4440, struct.pack(">HHHIHII", 7, 0, 0, 2, 1, 1, 5)), b"defgh", id="with a base"
        ),
        pytest.param(
            _iloc(2, 0x4404, struct.pack(">IHHHIII", 7, 0, 0, 1, 9, 3, 5)), b"defgh", id="with an index"
        ),
        pytest.param(_iloc(1, 0x4400, struct.pack(">HHHHII", 7, 1, 0, 1, 1, 5)), b"BCDEF", id="within meta"),
        pytest.param(_iloc(1, 0x4400, struct.pack(">HHHHII", 7, 2, 0, 1, 1, 5)), b"", id="in another item"),
        pytest.param(_iloc(0, 0x4400, struct.pack(">HHHII", 8, 0, 1, 3, 5)), b"", id="of another item"),
        pytest.param(_iloc(0, 0x4400, struct.pack(">HHH", 7, 0, 0)), b"", id="without extents"),
        pytest.param(_iloc(0, 0x8800, struct.pack(">HHHQQ", 7, 0, 1, 2**63, 5)), b"", id="behind the end"),
        pytest.param(_iloc(0, 0x4400, b""), b"", id="cut off"),
    ],
)
def test_the_place_of_an_item(iloc: bytes, start: bytes) -> None:
    meta = iloc + struct.pack(">I", 14) + b"idat" + b"ABCDEF"
    file = io.BytesIO(b"abcdefghijkl")
    file.seek(4)
    assert read_item_start(file, meta, 7)[:5] == start
    assert file.tell() == 4


def test_extents_without_bytes_take_no_time() -> None:
    """65,535 extents of nothing, in 10,000 items."""
    items = struct.pack(">HHH", 1, 0, 65_535) * 10_000
    start = time.process_time()
    assert read_item_start(io.BytesIO(b""), _iloc(0, 0, items, count=65_535), 7) == b""
    assert time.process_time() - start < 0.5
