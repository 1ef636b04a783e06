"""The kind of a JPEG 2000, read without its pixels."""

import io

import numpy as np
import pytest

from tests.support.jp2_files import Plane, jp2, with_palette
from transforms.decoding.jp2.jp2_header import CMYK, GREY, SRGB, SYCC, Component, read_jp2_header

FLAT = np.zeros((32, 32))


@pytest.mark.parametrize(
    ("space", "number"), [("grey", GREY), ("srgb", SRGB), ("sycc", SYCC), ("cmyk", CMYK)]
)
def test_tells_the_colour_space(space: str, number: int) -> None:
    channels = {"grey": 1, "cmyk": 4}.get(space, 3)
    header = read_jp2_header(io.BytesIO(jp2([Plane(FLAT)] * channels, space=space)))
    assert (header.color_space, header.channel_count, header.has_alpha) == (number, channels, False)


def test_tells_each_component() -> None:
    planes = [Plane(FLAT, 12), Plane(FLAT[::2, ::2] - 1, 5, is_signed=True, grid=(2, 2))]
    for codec_name in ("jp2", "j2k"):
        header = read_jp2_header(io.BytesIO(jp2(planes, codec_name=codec_name)))
        assert header.components == (Component(12, False, 1, 1), Component(5, True, 2, 2))


def test_tells_the_palette_and_opacity() -> None:
    palette = with_palette(jp2([Plane(FLAT)], space="srgb"), [(0, 0, 0)] * 3, 12)
    header = read_jp2_header(io.BytesIO(palette))
    assert header.palette_bits == (12, 12, 12)
    assert not header.has_alpha
    opacity = jp2([Plane(FLAT), Plane(FLAT, alpha=1)], space="grey")
    assert read_jp2_header(io.BytesIO(opacity)).opacity_type == 1


def test_the_larger_of_two_sizes_counts() -> None:
    content = jp2([Plane(FLAT)], space="grey")
    place = content.index(b"ihdr") + 4
    for sizes, largest in (((40_000, 20_000), (20_000, 40_000)), ((1, 2), (32, 32))):
        declared = b"".join(size.to_bytes(4) for size in sizes)
        header = read_jp2_header(io.BytesIO(content[:place] + declared + content[place + 8 :]))
        assert (header.width, header.height) == largest


def test_any_cut_is_a_value_error_or_a_header() -> None:
    whole = jp2([Plane(FLAT, 12)] * 3, space="srgb")
    for length in range(0, 200, 3):
        try:
            read_jp2_header(io.BytesIO(whole[:length]))
        except ValueError:
            continue
