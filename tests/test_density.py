"""The density in print: kept with `metadata=keep`, in every format that holds one, and alike in all its fields."""

import io
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support import images as made
from tests.support import metadata
from tests.support.metadata import RATIONAL, SHORT
from tests.support.metadata_read import HOLDING, tags

X, Y, UNIT = 0x011A, 0x011B, 0x0128


def exif(x: float, y: float, unit: int | None = 2) -> bytes:
    values: metadata.Values = {
        X: (RATIONAL, struct.pack(">2I", round(x * 100), 100)),
        Y: (RATIONAL, struct.pack(">2I", round(y * 100), 100)),
    }
    if unit is not None:
        values[UNIT] = (SHORT, struct.pack(">H", unit))
    return b"Exif\0\0" + metadata.exif(image=values, details={}, place={})


def jfif(unit: int, x: int, y: int, **options: Any) -> bytes:
    """A JPEG whose first segment has this density."""
    content = made.encoded("jpeg", **options)
    start = content.index(b"JFIF\0") + 7
    return content[:start] + struct.pack(">BHH", unit, x, y) + content[start + 5 :]


def tiff(x: float, y: float, *, orientation: int = 1) -> bytes:
    image: metadata.Values = {
        X: (RATIONAL, struct.pack(">2I", round(x), 1)),
        Y: (RATIONAL, struct.pack(">2I", round(y), 1)),
        UNIT: (SHORT, b"\0\2"),
    }
    return metadata.tiff(image=image, orientation=orientation)


def stated(content: bytes) -> set[tuple[float, float]]:
    """Return each density that a file states, per inch: in the format's own field and in EXIF."""
    image = Image.open(io.BytesIO(content))
    found = set()
    if image.format in ("PNG", "TIFF") or image.info.get("jfif_unit") in (1, 2):
        pair = image.info.get("dpi")
        if pair and pair != (1, 1):
            found.add((round(float(pair[0]), 1), round(float(pair[1]), 1)))
    values = tags(content)
    if X in values and values.get(UNIT, 2) in (2, 3):
        factor = 2.54 if values.get(UNIT) == 3 else 1
        found.add((round(float(values[X]) * factor, 1), round(float(values[Y]) * factor, 1)))
    return found


SOURCES = [
    pytest.param(lambda: jfif(1, 300, 300), {(300, 300)}, id="jfif per inch"),
    pytest.param(lambda: jfif(1, 300, 150), {(300, 150)}, id="jfif of two numbers"),
    pytest.param(lambda: jfif(2, 100, 100), {(254, 254)}, id="jfif per centimetre"),
    pytest.param(lambda: jfif(0, 4, 3), set(), id="jfif of proportions"),
    pytest.param(lambda: jfif(1, 0, 300), set(), id="jfif of nothing"),
    pytest.param(lambda: jfif(0, 1, 1, exif=exif(240, 240)), {(240, 240)}, id="exif where jfif has no unit"),
    pytest.param(lambda: jfif(1, 300, 300, exif=exif(72, 72)), {(300, 300)}, id="jfif before exif"),
    pytest.param(lambda: jfif(0, 1, 1, exif=exif(72, 72, None)), {(72, 72)}, id="exif without a unit has inches"),
    pytest.param(lambda: jfif(0, 1, 1, exif=exif(100, 100, 3)), {(254, 254)}, id="exif per centimetre"),
    pytest.param(lambda: jfif(0, 1, 1, exif=exif(4, 3, 1)), set(), id="exif of proportions"),
    pytest.param(lambda: jfif(0, 1, 1, exif=exif(0, 0)), set(), id="exif of nothing"),
    pytest.param(lambda: made.encoded("png", dpi=(300, 300)), {(300, 300)}, id="png"),
    pytest.param(lambda: made.encoded("png", dpi=(300, 300), exif=exif(72, 72)), {(300, 300)}, id="png with exif"),
    pytest.param(lambda: made.encoded("png"), set(), id="png without"),
    pytest.param(lambda: tiff(600, 600), {(600, 600)}, id="tiff"),
    pytest.param(lambda: made.encoded("bmp", dpi=(150, 150)), {(150, 150)}, id="bmp"),
    pytest.param(lambda: made.encoded("webp", exif=exif(96, 96)), {(96, 96)}, id="webp"),
]  # fmt: skip


@pytest.mark.parametrize("written", HOLDING)
@pytest.mark.parametrize(("content", "expected"), SOURCES)
def test_a_density_goes_from_format_to_format(
    content: Any, expected: set[Any], written: str, tmp_path: Path
) -> None:
    _, result = made.rendered(content(), f"format={written}&metadata=keep", tmp_path)
    assert stated(result) == expected
    assert stated(made.rendered(content(), f"format={written}", tmp_path)[1]) == set()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("w=30", (300, 150), id="resized"),
        pytest.param("transform=rotate:angle=90", (150, 300), id="quarter turn"),
        pytest.param("transform=rotate:angle=180", (300, 150), id="half turn"),
        pytest.param("transform=rotate:angle=90/rotate:angle=-90", (300, 150), id="turned and back"),
        pytest.param("transform=flip", (300, 150), id="mirrored"),
        pytest.param("transform=rotate:angle=45", None, id="askew"),
    ],
)
def test_a_density_of_two_numbers_turns_with_the_picture(
    query: str, expected: tuple[float, float] | None, tmp_path: Path
) -> None:
    _, result = made.rendered(jfif(1, 300, 150), f"{query}&metadata=keep", tmp_path)
    assert stated(result) == ({expected} if expected else set())
    _, even = made.rendered(jfif(1, 300, 300), f"{query}&metadata=keep", tmp_path)
    assert stated(even) == {(300, 300)}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_and_with_the_orientation(orientation: int, tmp_path: Path) -> None:
    """The decoder of TIFF turns the picture, and not its density."""
    expected = {(150, 300)} if orientation > 4 else {(300, 150)}
    turn: Any = {0x0112: (SHORT, struct.pack(">H", orientation))}
    stored: metadata.Values = {
        X: (RATIONAL, struct.pack(">2I", 300, 1)),
        Y: (RATIONAL, struct.pack(">2I", 150, 1)),
    }
    jpeg = made.encoded("jpeg", exif=b"Exif\0\0" + metadata.exif(image=stored | turn))
    for content in (jpeg, tiff(300, 150, orientation=orientation)):
        _, result = made.rendered(content, "format=webp&metadata=keep", tmp_path)
        assert stated(result) == expected
