"""Colours as clients write them."""

import pytest

from progimage.parameters import color_channels
from progimage.parameters.color import normalize_color


@pytest.mark.parametrize(
    ("text", "normal"),
    [("red", "#ff0000ff"), ("#F00", "#ff0000ff"), ("f00", "#ff0000ff"), ("#ff000080", "#ff000080"),
     ("#f008", "#ff000088"), ("rgb(255, 0, 0)", "#ff0000ff"), ("rgb(255 0 0 / .5)", "#ff000080"),
     ("rgba(1,2,3,0)", "#01020300"), (" Transparent ", "#00000000")],
)  # fmt: skip
def test_colors(text: str, normal: str) -> None:
    assert normalize_color(text) == normal
    assert bytes(color_channels(normal)).hex() == normal[1:]


@pytest.mark.parametrize("text", ["", "#", "#12345", "rgb(256,0,0)", "rgb(1,2)", "bluish", "#ggg", "١٢٣"])
def test_no_colors(text: str) -> None:
    assert normalize_color(text) is None
