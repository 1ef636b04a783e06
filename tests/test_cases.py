"""Files that once came out wrong, each with its right value: those of the folder that PROGIMAGE_CASES names."""

import csv
import io
import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image

from tests.support import images as made
from tests.support.corpus import CASES

pytestmark = pytest.mark.skipif(not CASES, reason="PROGIMAGE_CASES names no folder of cases")


class Case(NamedTuple):
    file: str
    query: str
    what: str
    right: str


def read_cases() -> list[Any]:
    if not CASES:
        return []
    with (Path(CASES) / "cases.csv").open(newline="") as file:
        rows = [Case(*list(row.values())[1:]) for row in csv.DictReader(file)]
    assert len(rows) > 30
    return [pytest.param(case, id=f"{case.file} {case.query}") for case in rows]


def pixel(case: Case, content: bytes) -> None:
    """The pixel that "RGB at (x, y)" names."""
    mode, place = case.what.split(" at ")
    right = json.loads(case.right.removeprefix("accepted; ").split(" where ")[0])
    shown = opened(content).convert(mode).getpixel(json.loads(place.replace("(", "[").replace(")", "]")))
    assert max(abs(a - b) for a, b in zip(shown, right, strict=True)) <= 2, shown


def mean_rgb(case: Case, content: bytes) -> None:
    found = re.search(r"\[(.*?)\]", case.right)
    assert found
    right = [float(value) for value in found[1].split(",")]
    mean = made.pixels(content).mean(axis=(0, 1))
    assert abs(mean - right).max() <= 1, mean


def size(case: Case, content: bytes) -> None:
    assert list(opened(content).size) == json.loads(case.right)


def max_bytes(case: Case, content: bytes) -> None:
    limit = re.match(r"at most (\d+)", case.right)
    assert limit
    assert len(content) <= int(limit[1])


def duration(case: Case, content: bytes) -> None:
    image = opened(content)
    image.load()
    assert image.info["duration"] == int(case.right)


def avif_plays(case: Case, content: bytes) -> None:
    """The edit list has no flag to repeat it, and the track lasts as long as its edit (ISO/IEC 14496-12, 8.6.6)."""
    assert case.right == "finite: once"
    edit_list = content.index(b"elst") + 4
    track = content.index(b"tkhd") + 4
    assert struct.unpack_from(">I", content, edit_list)[0] & 1 == 0
    assert struct.unpack_from(">Q", content, track + 28) == struct.unpack_from(">Q", content, edit_list + 8)


def nothing_stale(case: Case, content: bytes) -> None:
    assert not re.search(rb"hdrgm|GContainer|Container:|MotionPhoto|HasExtendedXMP", content)


def author(case: Case, content: bytes) -> None:
    assert re.search(rb"(?s)<dc:rights>.*?</dc:rights>|<dc:creator>.*?</dc:creator>|\x82\x98", content)


def accepted(case: Case, content: bytes) -> None:
    assert opened(content).size[0] > 0


def density(case: Case, content: bytes) -> None:
    assert str(tuple(round(value) for value in opened(content).info["dpi"])) == case.right


CHECKS: dict[str, Callable[[Case, bytes], None]] = {
    "mean_rgb": mean_rgb,
    "size": size,
    "bytes": max_bytes,
    "duration_ms": duration,
    "loop_avif": avif_plays,
    "stale": nothing_stale,
    "names_author": author,
    "accepted": accepted,
    "dpi": density,
}


def opened(content: bytes) -> Any:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("case", read_cases())
def test_case_comes_out_right(case: Case, tmp_path: Path) -> None:
    source = (Path(CASES) / case.file).read_bytes()
    content = made.rendered(source, case.query, tmp_path)[1]
    CHECKS.get(case.what, pixel)(case, content)
