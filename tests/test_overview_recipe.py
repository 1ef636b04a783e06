"""Which originals get an overview, and how large it is."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.large_headers import PHOTO
from transforms.color.description import ColorSpace
from transforms.planning.overview_recipe import find_overview_size


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param({}, (1_024, 768), id="12 megapixels"),
        pytest.param({"width": 6_000, "height": 4_000}, (1_152, 768), id="24 megapixels, 3 to 2"),
        pytest.param({"width": 3_000, "height": 4_000}, (768, 1_024), id="portrait"),
        pytest.param({"orientation": 6}, (768, 1_024), id="upright"),
        pytest.param(
            {"width": 12_000, "height": 2_000}, (2_048, 341), id="the long side of a panorama is bounded"
        ),
        pytest.param({"width": 2_500, "height": 2_000}, (960, 768), id="5 megapixels"),
        pytest.param({"width": 2_500, "height": 1_999}, None, id="below 5 megapixels"),
        pytest.param({"width": 4_096, "height": 1_300}, (2_048, 650), id="half of the long side"),
        pytest.param({"width": 4_000, "height": 1_400}, None, id="more than half of either side"),
        pytest.param({"has_alpha": True}, None, id="alpha"),
        pytest.param({"frames": 2}, None, id="animation"),
        pytest.param({"format": "gif"}, None, id="palette"),
        pytest.param({"color_space": ColorSpace(bit_depth=16)}, None, id="16 bits"),
        pytest.param({"color_space": ColorSpace(bit_depth=8, transfer="pq")}, None, id="PQ"),
        pytest.param({"color_space": ColorSpace(bit_depth=8, transfer="hlg")}, None, id="HLG"),
        pytest.param({"color_space": ColorSpace()}, None, id="colours that nobody has read yet"),
        pytest.param({"is_hdr": True}, (1_024, 768), id="gain map beside a picture of 8 bits"),
    ],
)
def test_size_of_an_overview(facts: dict[str, Any], expected: tuple[int, int] | None) -> None:
    assert find_overview_size(replace(PHOTO, **facts)) == expected
