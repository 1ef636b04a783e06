"""XMP in GIF and JPEG 2000, from untrusted bytes."""

import struct
from pathlib import Path

import pytest

from tests.support import images as made
from tests.support.jp2_files import box
from tests.support.metadata_read import ARTIST, tags
from tests.support.xmp_packets import packet
from transforms.formats.find_xmp import find_in_gif, find_in_jp2

PACKET = packet("dc:creator='Ann'")
TRAILER = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def gif() -> bytes:
    content = made.encoded("gif")
    palette = 13 + 3 * (2 << (content[10] & 7))
    return content[:palette] + b"!\xff\x0bXMP DataXMP" + PACKET + TRAILER + content[palette:]


def jp2() -> bytes:
    return made.encoded("jp2") + box(b"uuid", UUID + PACKET)


@pytest.mark.parametrize("content", [gif(), jp2()], ids=["gif", "jp2"])
def test_rights_are_read(content: bytes, tmp_path: Path) -> None:
    _, result = made.rendered(content, "format=webp&metadata=copyright", tmp_path)
    assert tags(result) == {ARTIST: b"Ann"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(box(b"jP  ", b"") + box(b"uuid", UUID + b"x"), b"x", id="behind another"),
        pytest.param(struct.pack(">I4sQ", 1, b"jP  ", 16) + box(b"uuid", UUID + b"x"), b"x", id="long size"),
        pytest.param(struct.pack(">I", 0) + b"uuid" + UUID + b"x", b"x", id="to the end"),
        pytest.param(box(b"uuid", bytes(16) + b"x"), b"", id="another uuid"),
        pytest.param(struct.pack(">I", 4) + b"uuid" + UUID, b"", id="a size that goes nowhere"),
        pytest.param(box(b"free", b"") * 20_000 + box(b"uuid", UUID + b"x"), b"", id="too many boxes"),
        pytest.param(box(b"uuid", UUID + b"x" * 200), b"", id="too long"),
        pytest.param(b"", b"", id="empty"),
        pytest.param(b"\0\0\0", b"", id="cut off"),
    ],
)
def test_boxes(content: bytes, expected: bytes) -> None:
    assert find_in_jp2(content, 100) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"!\xff\x0bXMP DataXMPx" + TRAILER, b"x", id="whole"),
        pytest.param(b"!\xff\x0bXMP DataXMPx", b"", id="without an end"),
        pytest.param(b"!\xff\x0bXMP DataXMP" + b"x" * 200 + TRAILER, b"", id="too long"),
        pytest.param(b"!\xff\x0bNETSCAPE2.0", b"", id="none"),
    ],
)
def test_extensions(content: bytes, expected: bytes) -> None:
    assert find_in_gif(content, 100) == expected
