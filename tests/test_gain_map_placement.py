"""The geometry of a gain map, without images."""

import pytest

from progimage.errors import ParameterError
from progimage.text_form import parse_text
from transforms.geometry import Box, Size
from transforms.planning.gain_map_placement import (
    MapPlacement,
    place_gain_map,
    refuse_other_operations,
    refuse_padding,
)

PICTURE = Size(400, 200)
MAP = Size(100, 50)
WHOLE = Box(0, 0, 1, 1)


@pytest.mark.parametrize(
    ("text", "orientation", "expected"),
    [
        ("", 1, MapPlacement(WHOLE, MAP, 1)),
        ("", 6, MapPlacement(WHOLE, MAP, 6)),
        ("resize:width=200", 1, MapPlacement(WHOLE, MAP, 1)),
        ("resize:width=100", 1, MapPlacement(WHOLE, Size(50, 25), 1)),
        ("crop:left=100,top=0,width=200,height=200", 1, MapPlacement(Box(0.25, 0, 0.5, 1), Size(50, 50), 1)),
        ("crop:left=0,top=100,width=200,height=200", 6, MapPlacement(Box(0.25, 0, 0.5, 1), Size(50, 50), 6)),
        ("crop:left=0,top=0,width=100,height=200", 2, MapPlacement(Box(0.75, 0, 0.25, 1), Size(25, 50), 2)),
        ("flip", 1, MapPlacement(WHOLE, MAP, 2)),
        ("flip", 2, MapPlacement(WHOLE, MAP, 1)),
        ("rotate:angle=90", 1, MapPlacement(WHOLE, MAP, 6)),
        ("rotate:angle=90", 8, MapPlacement(WHOLE, MAP, 1)),
        ("rotate:angle=90/rotate:angle=180", 1, MapPlacement(WHOLE, MAP, 8)),
        ("rotate:angle=90/flip", 1, MapPlacement(WHOLE, MAP, 5)),
        ("flip/rotate:angle=90", 1, MapPlacement(WHOLE, MAP, 7)),
        (
            "rotate:angle=90/crop:left=0,top=0,width=200,height=100",
            1,
            MapPlacement(Box(0, 0, 0.25, 1), Size(25, 50), 6),
        ),
        (
            "crop:left=200,top=0,width=200,height=200/crop:left=0,top=100,width=100,height=100",
            1,
            MapPlacement(Box(0.5, 0.5, 0.25, 0.5), Size(25, 25), 1),
        ),
    ],
)
def test_placements(text: str, orientation: int, expected: MapPlacement) -> None:
    steps = parse_text(text) if text else ()
    assert place_gain_map(MAP, PICTURE, orientation, steps) == expected


@pytest.mark.parametrize(
    ("width", "height"), [(33, 21), (7, 3), (1, 1), (1_000, 1), (1, 1_000), (333, 251), (4_000, 3_000)]
)
def test_a_map_has_the_proportions_of_its_picture(width: int, height: int) -> None:
    text = f"resize:width={width},height={height},fit=fill"
    size = place_gain_map(Size(2_000, 1_500), Size(4_000, 3_000), 1, parse_text(text)).size
    assert abs(size.width * height / (size.height * width) - 1) <= 0.004
    assert size.width <= width
    assert size.height <= height


@pytest.mark.parametrize(
    "text", ["crop:left=3", "trim", "rotate:angle=270", "rotate:angle=180,expand=false", "thumbnail:width=9"]
)
def test_geometry_passes(text: str) -> None:
    refuse_other_operations(parse_text(text))
    refuse_padding(parse_text(text), PICTURE)


def test_padding_depends_on_the_size() -> None:
    operations = parse_text("rotate:angle=90/resize:width=50,height=100,fit=contain")
    refuse_padding(operations, PICTURE)
    with pytest.raises(ParameterError, match="pads this image"):
        refuse_padding(operations, Size(300, 200))
