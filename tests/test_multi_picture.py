"""The pictures behind a JPEG's first one: places by MPF and by XMP, from untrusted bytes."""

import io
import struct

import pytest

from tests.support import gain_maps as maps
from tests.support import images as made
from tests.support.xmp_packets import packet
from transforms.containers.segments import APP2
from transforms.formats.multi_picture import (
    MPF_NAME,
    XMP_NAME,
    Segment,
    Span,
    find_pictures,
    read_segments,
    write_mpf,
)
from transforms.formats.xmp import parse_xmp

NAMES = (XMP_NAME, MPF_NAME)
FILE_BYTES = 10_000


def found(content: bytes) -> list[Span]:
    return find_pictures([Segment(APP2, 100, content)], None, FILE_BYTES)


@pytest.mark.parametrize("order", ["<", ">"])
def test_mpf_counts_from_its_mark(order: str) -> None:
    assert found(maps.mpf(500, 400, 60, order)) == [Span(104 + 400, 60)]


def test_what_is_written_is_read() -> None:
    assert found(write_mpf(500, 100, 60)) == [Span(500, 60)]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"MPF\0", id="nothing"),
        pytest.param(b"MPF\0II*\0\xff\xff\xff\xff", id="a directory beyond the end"),
        pytest.param(maps.mpf(500, 400, 60)[:-1], id="an entry that is cut off"),
        pytest.param(maps.mpf(500, 2**32 - 1, 60), id="a place beyond the end"),
        pytest.param(b"another name", id="another segment"),
    ],
)
def test_broken_mpf_names_no_picture(content: bytes) -> None:
    assert found(content) == []


def test_the_number_of_pictures_is_bounded() -> None:
    entry = struct.pack("<IIIHH", 0, 60, 400, 0, 0)
    directory = struct.pack("<HHHII", 1, 0xB002, 7, 16 * 4_000, 26) + bytes(4)
    content = b"MPF\0II*\0" + struct.pack("<I", 8) + directory + entry * 4_000
    assert 0 < len(found(content)) <= 16


def items(*lengths: str) -> bytes:
    listed = "".join(
        f"<rdf:li rdf:parseType='Resource'><Container:Item Item:Length='{length}'/></rdf:li>"
        for length in lengths
    )
    return packet("", f"<Container:Directory><rdf:Seq>{listed}</rdf:Seq></Container:Directory>")


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        (("0", "60"), [Span(FILE_BYTES - 60, 60)]),
        (("0", "60", "500"), [Span(FILE_BYTES - 500, 500), Span(FILE_BYTES - 560, 60)]),
        (("0",), []),
        ((), []),
        (("0", "-5"), []),
        (("0", "1e3"), []),
        (("0", "9" * 5_000), []),
        (("0", "20000"), []),
    ],
)
def test_a_container_counts_from_the_end(lengths: tuple[str, ...], expected: list[Span]) -> None:
    assert find_pictures([], parse_xmp(items(*lengths)), FILE_BYTES) == expected


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xd8", id="a mark alone"),
        pytest.param(b"\xff\xd8\xff\xe1\0\1", id="a length below 2"),
        pytest.param(b"\xff\xd8\xff\xe1\xff\xff" + XMP_NAME, id="a segment that is cut off"),
        pytest.param(b"\xff\xd8" + b"\xff" * 100, id="fill bytes"),
        pytest.param(b"\xff\xd8\xff\xda\0\2" + maps.segment(b"MPF\0"), id="behind the first scan"),
        pytest.param(b"\x89PNG", id="no JPEG"),
        pytest.param(b"\xff\xd8" + maps.segment(b"other") * 5, id="other names"),
    ],
)
def test_there_are_no_segments(content: bytes) -> None:
    assert list(read_segments(io.BytesIO(content), NAMES)) == []


def test_segments_have_their_places() -> None:
    content = b"12" + made.encoded("jpeg", xmp=packet())
    (segment,) = read_segments(io.BytesIO(content), NAMES, 2)
    assert content[segment.start : segment.start + len(segment.content)] == segment.content
    assert segment.content == XMP_NAME + packet()


def test_the_number_of_segments_is_bounded() -> None:
    content = b"\xff\xd8" + maps.segment(b"MPF\0") * 5_000
    assert len(list(read_segments(io.BytesIO(content), NAMES))) == 1_000
