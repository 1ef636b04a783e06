"""The engine over real and hostile files, where a corpus lies in the folder that PROGIMAGE_CORPUS names."""

import csv
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from progimage.errors import ImageTooLarge, UnprocessableImage, UnsupportedFormat
from progimage.operations import parse_query
from transforms.engine import Rendered
from transforms.formats import FORMATS
from transforms.header import Header
from transforms.limits import DEFAULT_LIMITS
from transforms.pool import PoolSettings, RenderPool
from transforms.resolving import resolve

CORPUS = os.environ.get("PROGIMAGE_CORPUS", "")
pytestmark = pytest.mark.skipif(not CORPUS, reason="PROGIMAGE_CORPUS names no corpus")

REFUSALS = (UnsupportedFormat, UnprocessableImage)
SMALL = parse_query([("w", "64"), ("h", "64"), ("format", "webp")])


@dataclass
class Seen:
    """What became of one file."""

    row: dict[str, str]
    header: Header | None = None
    thumbnail: Rendered | None = None
    error: BaseException | None = None
    seconds: float = 0.0

    @property
    def expected(self) -> str:
        return self.row["service_expect"]

    def __str__(self) -> str:
        return f"{self.row['path']}: {self.error!r}, expected {self.expected}"


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Seen]]:
    folder, corpus = tmp_path_factory.mktemp("thumbnails"), Path(CORPUS)
    renderers = RenderPool(PoolSettings(workers=2))

    def look(row: dict[str, str]) -> Seen:
        result, start = Seen(row), time.monotonic()
        try:
            result.header = renderers.validate(corpus / row["path"])
            transform = resolve(SMALL, result.header.format)
            result.thumbnail = renderers.render(corpus / row["path"], transform, folder / row["sha256"])
        except Exception as error:  # noqa: BLE001  which errors come is what is being tested
            result.error = error
        result.seconds = time.monotonic() - start
        return result

    with (corpus / "manifest.csv").open(newline="") as file, ThreadPoolExecutor(2) as threads:
        results = list(threads.map(look, csv.DictReader(file)))
    yield results
    renderers.stop()


def test_what_is_to_be_accepted_is_rendered(seen: list[Seen]) -> None:
    accepted = [each for each in seen if each.expected.startswith("accept (201)")]
    assert len(accepted) > 100
    assert [str(each) for each in accepted if each.error] == []


def test_thumbnails_fit_their_box(seen: list[Seen]) -> None:
    for each in seen:
        if each.header and each.thumbnail:
            longest = max(each.thumbnail.width, each.thumbnail.height)
            assert longest == min(64, max(each.header.upright)), str(each)


def test_what_is_to_be_refused_is(seen: list[Seen]) -> None:
    refused = [each for each in seen if each.expected.startswith(("refuse", "4xx"))]
    assert len(refused) > 50
    assert [str(each) for each in refused if not isinstance(each.error, REFUSALS)] == []


def test_formats_that_are_not_read_are_refused_as_such(seen: list[Seen]) -> None:
    other = [
        each
        for each in seen
        if each.row["format"] in ("svg", "pdf", "psd", "eps", "jxl", "zip", "html", "dds")
    ]
    assert len(other) > 50
    assert [str(each) for each in other if not isinstance(each.error, UnsupportedFormat)] == []


def test_nothing_else_is_ever_raised_and_nothing_fails_after_it_was_accepted(seen: list[Seen]) -> None:
    assert [str(each) for each in seen if each.error and not isinstance(each.error, REFUSALS)] == []
    assert [str(each) for each in seen if each.header and each.error] == []


def test_what_declares_too_many_pixels_is_too_large(seen: list[Seen]) -> None:
    for each in seen:
        width, height = (int(each.row[side] or 0) for side in ("width", "height"))
        is_read = each.row["format"] in FORMATS and each.row["expected"] == "bomb"
        if is_read and width * height > DEFAULT_LIMITS.max_pixels:
            assert isinstance(each.error, ImageTooLarge), str(each)


def test_nothing_takes_long(seen: list[Seen]) -> None:
    """The deadline is 10 s; refusals by size come from the header alone."""
    assert max(each.seconds for each in seen) < 5
    assert max(each.seconds for each in seen if isinstance(each.error, ImageTooLarge)) < 1
