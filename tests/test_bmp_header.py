"""The header of a bitmap in each of its versions."""

import io

import pytest

from tests.support.bmp_files import bmp, palette_of
from transforms.decoding.bitmaps.bmp_header import read_bmp_header

VERSIONS = [12, 16, 40, 52, 56, 64, 108, 124]


@pytest.mark.parametrize("header_bytes", VERSIONS)
def test_reads_each_version(header_bytes: int) -> None:
    palette = palette_of([(1, 2, 3), (4, 5, 6)], entry_bytes=3 if header_bytes == 12 else 4)
    content = bmp(bytes(8), (3, 2), 1, header_bytes=header_bytes, palette=palette)
    header = read_bmp_header(io.BytesIO(content), 14, len(content) - 8)
    assert (header.width, header.height, header.bits, header.row_bytes) == (3, 2, 1, 4)
    assert header.palette == bytes((1, 2, 3, 4, 5, 6))
    assert header.pixels_offset == len(content) - 8
    assert header.pixels_per_metre == ((2835, 2835) if header_bytes > 16 else (0, 0))


@pytest.mark.parametrize("header_bytes", VERSIONS)
def test_any_cut_is_a_value_error(header_bytes: int) -> None:
    content = bmp(bytes(8), (3, 2), 24, header_bytes=header_bytes)
    for length in range(14, 14 + header_bytes):
        with pytest.raises(ValueError, match="Expected"):
            read_bmp_header(io.BytesIO(content[:length]), 14, 0)
