"""Sizes, boxes and the placements of operations, without any image."""

from dataclasses import replace
from typing import Any

import pytest

from progimage.errors import ParameterError
from progimage.operations import Operation, Resize
from progimage.operations.geometry import Crop, Pad, Rotate, Thumbnail
from progimage.transform import Transform
from transforms.formats.table import FORMATS
from transforms.geometry import Box, Placement, Size, decode_scale, half_up, reduced, whole
from transforms.limits import DEFAULT_LIMITS
from transforms.planning.plan import check_sizes
from transforms.render import measure, place
from transforms.render.geometry import is_open

PHOTO = Size(400, 200)


@pytest.mark.parametrize(("value", "rounded"), [(0.0, 1), (0.2, 1), (1.49, 1), (2.5, 3), (3.5, 4), (7.99, 8)])
def test_halves_are_rounded_up_and_nothing_vanishes(value: float, rounded: int) -> None:
    assert half_up(value) == rounded


RESIZES = [
    pytest.param(
        Resize(width=100), Placement(whole(PHOTO), Size(100, 50), Size(100, 50)), id="height follows"
    ),
    pytest.param(
        Resize(height=50), Placement(whole(PHOTO), Size(100, 50), Size(100, 50)), id="width follows"
    ),
    pytest.param(
        Resize(width=100, dpr=2), Placement(whole(PHOTO), Size(200, 100), Size(200, 100)), id="dpr doubles"
    ),
    pytest.param(
        Resize(width=25, dpr=0.5), Placement(whole(PHOTO), Size(13, 7), Size(13, 7)), id="dpr rounds half up"
    ),
    pytest.param(
        Resize(width=100, fit="cover"),
        Placement(whole(PHOTO), Size(100, 50), Size(100, 50)),
        id="cover of one side",
    ),
    pytest.param(
        Resize(width=100, height=100, fit="cover", gravity="east"),
        Placement(Box(200, 0, 200, 200), Size(100, 100), Size(100, 100)),
        id="cover",
    ),
    pytest.param(
        Resize(width=800, height=800, fit="cover"),
        Placement(Box(100, 0, 200, 200), Size(200, 200), Size(200, 200)),
        id="cover of a small image keeps the proportions and makes the box smaller",
    ),
    pytest.param(
        Resize(width=800, height=800, fit="cover", enlarge=True),
        Placement(Box(100, 0, 200, 200), Size(800, 800), Size(800, 800)),
        id="cover enlarges when asked",
    ),
    pytest.param(
        Resize(width=100, height=100, fit="contain"),
        Placement(whole(PHOTO), Size(100, 50), Size(100, 100), 0, 25),
        id="contain pads",
    ),
    pytest.param(
        Resize(width=100, height=100, fit="contain", gravity="south"),
        Placement(whole(PHOTO), Size(100, 50), Size(100, 100), 0, 50),
        id="contain pads where gravity says",
    ),
    pytest.param(
        Resize(width=600, height=400, fit="contain"),
        Placement(whole(PHOTO), PHOTO, Size(600, 400), 100, 100),
        id="contain pads what it does not enlarge",
    ),
    pytest.param(
        Resize(width=100, height=150, fit="fill"),
        Placement(whole(PHOTO), Size(100, 150), Size(100, 150)),
        id="fill",
    ),
]


@pytest.mark.parametrize(("operation", "expected"), RESIZES)
def test_resize_is_placed(operation: Resize, expected: Placement) -> None:
    assert place(operation, PHOTO) == expected
    assert measure(operation, PHOTO) == expected.canvas


@pytest.mark.parametrize(
    ("size", "target", "scale"),
    [
        pytest.param((4000, 3000), (300, 225), 8, id="ten times the target"),
        pytest.param((4000, 3000), (400, 300), 8, id="just enough for an eighth"),
        pytest.param((4000, 3000), (401, 301), 4, id="not quite enough"),
        pytest.param((4000, 3000), (1600, 1200), 2, id="a half"),
        pytest.param((4000, 3000), (1601, 1201), 1, id="nothing to leave out"),
        pytest.param((4000, 300), (100, 100), 2, id="the narrower side decides"),
    ],
)
def test_the_decode_is_scaled_as_far_as_it_serves(
    size: tuple[int, int], target: tuple[int, int], scale: int
) -> None:
    assert decode_scale(whole(Size(*size)), Size(*target), margin=1.25) == scale


def test_a_scaled_decode_rounds_up_and_the_box_does_not() -> None:
    assert reduced(Size(1001, 667), 8) == (126, 84)
    assert whole(Size(1001, 667)).scaled(1 / 8, 1 / 8) == (0, 0, 125.125, 83.375)


@pytest.mark.parametrize(
    "values",
    [{"width": 100, "height": 50}, {"width": 100}, {"width": 300, "enlarge": True}, {"width": 64, "dpr": 2}],
)
@pytest.mark.parametrize("aim", [{"gravity": "east"}, {"focal": (0.2, 0.9)}, {"gravity": "smart"}], ids=str)
def test_a_thumbnail_is_a_resize_that_covers(values: dict[str, Any], aim: dict[str, Any]) -> None:
    alike = Resize(**{"height": values["width"]} | values | aim, fit="cover")
    assert place(Thumbnail(**values, **aim), PHOTO) == place(alike, PHOTO)


@pytest.mark.parametrize(
    ("values", "box"),
    [
        pytest.param({"left": 10, "top": 5, "width": 80, "height": 60}, (10, 5, 80, 60), id="a box"),
        pytest.param({"left": 390, "top": 190, "width": 80, "height": 60}, (390, 190, 10, 10), id="reaches out"),
        pytest.param({"width": 9_999, "height": 50}, (0, 75, 400, 50), id="wider than the image"),
        pytest.param({"left": 100}, (100, 0, 300, 200), id="the rest"),
        pytest.param({"width": 100, "height": 100}, (150, 50, 100, 100), id="center"),
        pytest.param({"width": 101, "height": 99}, (149, 50, 101, 99), id="center keeps whole pixels"),
        pytest.param({"width": 100, "height": 50, "gravity": "southeast"}, (300, 150, 100, 50), id="gravity"),
        pytest.param({"width": 100, "height": 100, "focal": (0.9, 0.1)}, (300, 0, 100, 100), id="focal"),
        pytest.param({"left": 7, "width": 90, "height": 50, "gravity": "south"}, (7, 150, 90, 50), id="one side"),
        pytest.param(
            {"left": 0.25, "top": 0.5, "width": 0.5, "height": 0.25, "unit": "ratio"}, (100, 100, 200, 50), id="ratio"
        ),
        pytest.param({"width": 1, "unit": "ratio"}, (0, 0, 400, 200), id="all of it"),
        pytest.param(
            {"left": 10.5, "top": 0.25, "width": 80.5, "height": 60.25}, (10.5, 0.25, 80.5, 60.25), id="fractions"
        ),
        pytest.param({"aspect_ratio": 1}, (100, 0, 200, 200), id="a square of all"),
        pytest.param({"aspect_ratio": "4:1", "gravity": "south"}, (0, 100, 400, 100), id="a strip of all"),
        pytest.param(
            {"left": 0, "top": 0, "width": 300, "height": 100, "aspect_ratio": "16:9"}, (0, 0, 178, 100), id="in a box"
        ),
    ],
)  # fmt: skip
def test_a_crop_is_placed(values: dict[str, Any], box: tuple[float, ...]) -> None:
    size = Size(half_up(box[2]), half_up(box[3]))
    assert place(Crop(**values), PHOTO) == Placement(Box(*box), size, size, bounds=Box(*box))


@pytest.mark.parametrize(
    ("crop", "pointer"),
    [
        pytest.param(Crop(left=400), "/left", id="left"),
        pytest.param(Crop(left=5, top=200.5, width=10), "/top", id="top"),
        pytest.param(Crop(left=1, unit="ratio"), "/left", id="ratio"),
    ],
)
def test_a_crop_that_is_wholly_outside_is_refused(crop: Crop, pointer: str) -> None:
    transform = Transform((Rotate(angle=180), crop))
    with pytest.raises(ParameterError) as caught:
        check_sizes(PHOTO, transform, FORMATS["png"], 1, DEFAULT_LIMITS)
    assert caught.value.pointer == f"/operations/1{pointer}"
    assert caught.value.message.startswith("Expected less than ")


@pytest.mark.parametrize(
    ("build", "values", "pointer"),
    [
        pytest.param(Crop, {"gravity": "north"}, "", id="a crop of nothing in particular"),
        pytest.param(Crop, {"width": 40, "unit": "ratio"}, "/width", id="px in unit=ratio"),
        pytest.param(Pad, {"left": 1, "aspect_ratio": 1}, "/aspect_ratio", id="sides and proportions"),
    ],
)
def test_values_that_are_wrong_together(build: type[Operation], values: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ParameterError) as caught:
        build.from_dict(values, pointer="/operations/0")
    assert caught.value.pointer == f"/operations/0{pointer}"


@pytest.mark.parametrize(
    ("operation", "size"),
    [
        pytest.param(Rotate(angle=0), (400, 200), id="no turn"),
        pytest.param(Rotate(angle=-90), (200, 400), id="a quarter"),
        pytest.param(Rotate(angle=360), (400, 200), id="all around"),
        pytest.param(Rotate(angle=90, expand=False), (400, 200), id="the same canvas"),
        pytest.param(Rotate(angle=30), (447, 374), id="400 cos + 200 sin by 400 sin + 200 cos, rounded up"),
        pytest.param(Rotate(angle=60), (374, 447), id="a cosine of 60 degrees is a half"),
        pytest.param(Pad(top=1, right=2, bottom=3, left=4), (406, 204), id="sides"),
        pytest.param(Pad(aspect_ratio=1), (400, 400), id="higher"),
        pytest.param(Pad(aspect_ratio=16 / 9), (400, 225), id="16:9"),
        pytest.param(Pad(aspect_ratio=3), (600, 200), id="wider"),
        pytest.param(Pad(aspect_ratio=2), (400, 200), id="as it is"),
    ],
)
def test_a_canvas_is_measured(operation: Operation, size: tuple[int, int]) -> None:
    assert measure(operation, PHOTO) == size


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (Thumbnail(width=9), True),
        (Thumbnail(width=9, gravity="center"), False),
        (Resize(width=9, height=9, fit="cover", gravity="smart"), True),
        (Resize(width=9, height=9, gravity="smart"), False),
        (Crop(width=9, gravity="smart"), True),
        (Crop(left=1, top=1, gravity="smart"), False),
        (Pad(left=1), False),
    ],
    ids=lambda value: str(value).partition("(")[0],
)
def test_gravity_is_open_where_pixels_decide(operation: Operation, expected: bool) -> None:
    assert is_open(operation) == expected
    if expected:
        assert not is_open(replace(operation, focal=(0.5, 0.5)))  # type: ignore[call-arg]
