"""Rows of a PNG that this project filters and packs: the bytes of the specification, read by other decoders."""

import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.support import images as made
from transforms.encoding.pixels_and_metadata import png_of
from transforms.formats import png_rows
from transforms.formats.metadata import Metadata
from transforms.formats.png_rows import FILTERED_MODES, RowFilter, filter_rows, pack_rows
from transforms.formats.table import FORMATS

SIZES = [(1, 1), (1, 7), (7, 1), (37, 29)]


def noise(mode: str, size: tuple[int, int]) -> Image.Image:
    channels = len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, size, np.random.default_rng(5).bytes(size[0] * size[1] * channels))


@pytest.mark.parametrize("row_filter", RowFilter)
@pytest.mark.parametrize("mode", sorted(FILTERED_MODES))
@pytest.mark.parametrize("size", SIZES)
def test_every_filter_gives_the_pixels_back(
    row_filter: RowFilter,
    mode: str,
    size: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # several strips, and a last one that is shorter
    monkeypatch.setattr(png_rows, "_STRIP_BYTES", 4 * size[0] * 4)
    image = noise(mode, size)
    content = png_of(image, pack_rows(image, row_filter, 6, zlib.Z_RLE), FORMATS["png"], Metadata())
    with Image.open(BytesIO(content), formats=["PNG"]) as opened:
        assert (opened.mode, opened.size, opened.tobytes()) == (mode, size, image.tobytes())


@pytest.mark.parametrize("row_filter", RowFilter)
def test_the_filters_are_those_of_the_specification(row_filter: RowFilter) -> None:
    image = noise("RGB", (11, 9))
    samples = np.asarray(image).astype(int)
    left = np.pad(samples, ((0, 0), (1, 0), (0, 0)))[:, :-1]
    above = np.pad(samples, ((1, 0), (0, 0), (0, 0)))[:-1]
    predicted = {0: samples * 0, 1: left, 3: (left + above) // 2}[row_filter]
    filtered = ((samples - predicted) % 256).astype(np.uint8)
    rows = [bytes([row_filter]) + row.tobytes() for row in filtered]
    assert filter_rows(image, row_filter, 0, 9) == b"".join(rows)
    assert filter_rows(image, row_filter, 4, 6) == b"".join(rows[4:6])


def test_the_image_stays_as_it_is() -> None:
    image = made.photograph(64, 48)
    before = image.tobytes()
    assert list(pack_rows(image, RowFilter.AVERAGE, 6, zlib.Z_RLE))
    assert image.tobytes() == before
