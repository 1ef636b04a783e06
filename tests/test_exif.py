"""EXIF that stays the bytes that it was."""

import io
import struct
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.support import images as made
from tests.support import metadata
from tests.support.metadata_read import ARTIST, tags


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_maker_note_stays_where_it_stood(order: str, tmp_path: Path) -> None:
    """The offsets inside a maker note count from the beginning of EXIF."""
    exif = metadata.exif(order)
    _, result = made.rendered(made.encoded("png", exif=exif), "format=jpeg&metadata=keep", tmp_path)
    stored = Image.open(io.BytesIO(result)).info["exif"].removeprefix(b"Exif\0\0")
    assert stored.index(metadata.MAKER_NOTE) == exif.index(metadata.MAKER_NOTE)


LOOP = b"MM\0*" + struct.pack(">IHHHIIHHIII", 8, 2, 0x8769, 4, 1, 8, 0x8825, 4, 1, 8, 8)
CROWD = struct.pack(">HHII", 0x9286, 7, 900_000, 8)


@pytest.mark.parametrize(
    "exif",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"MM\0*", id="a beginning"),
        pytest.param(b"no EXIF at all, but some text", id="text"),
        pytest.param(b"II+\0\x08\0\0\0" + bytes(100), id="BigTIFF"),
        pytest.param(b"MM\0*\xff\xff\xff\xff" + bytes(100), id="a directory far away"),
        pytest.param(LOOP, id="directories that are each other's"),
        pytest.param(
            b"MM\0*" + struct.pack(">IHHHIII", 8, 1, 0x8769, 12, 1, 26, 0) + b"\xff" * 8,
            id="a pointer of 8 bytes",
        ),
        pytest.param(metadata.exif()[:200], id="cut off"),
        pytest.param(
            b"MM\0*" + struct.pack(">IHHHIIIH", 8, 1, 0x8769, 4, 1, 26, 0, 60_000) + CROWD * 60_000,
            id="60,000 values of 900 KB",
        ),
        pytest.param(
            b"MM\0*" + struct.pack(">IHHHII", 8, 1, ARTIST, 2, 2**32 - 1, 8) + bytes(50), id="4 GB of text"
        ),
        pytest.param(bytes(range(256)) * 200, id="noise"),
    ],
)
@pytest.mark.parametrize("level", ["copyright", "keep"])
def test_broken_metadata_fail_nothing(level: str, exif: bytes, tmp_path: Path) -> None:
    source = made.encoded("png", exif=b"Exif\0\0" + exif, xmp=metadata.xmp())
    start = time.process_time()
    for written in ("png", "tiff"):
        _, result = made.rendered(source, f"format={written}&metadata={level}", tmp_path)
        assert made.furthest(result, made.picture()) == 0
    assert time.process_time() - start < 4


def test_what_no_segment_of_a_jpeg_can_hold_is_left_out(tmp_path: Path) -> None:
    """The maker note first: it is the largest, and the least understood."""
    large = metadata.EXIF | {0x927C: (7, metadata.MAKER_NOTE * 2_000)}
    packet = metadata.xmp('dc:x="' + "y" * 70_000 + '"')
    source = made.encoded("webp", exif=metadata.exif(details=large), xmp=packet)
    results = {
        name: made.rendered(source, f"format={name}&metadata=keep", tmp_path)[1] for name in ("jpeg", "webp")
    }
    assert {name: metadata.MAKER_NOTE in result for name, result in results.items()} == {
        "jpeg": False,
        "webp": True,
    }
    assert {name: b"yyyy" in result for name, result in results.items()} == {"jpeg": False, "webp": True}
    assert {tags(result)[0xA431] for result in results.values()} == {metadata.SERIAL}
