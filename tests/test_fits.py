"""The arithmetic of fits, without any image."""

from typing import get_args

import pytest

from progimage.operations import Fit, Gravity
from transforms.fits import GRAVITY, Anchor, cover_box, fit_size
from transforms.geometry import Box, Size

PHOTO = Size(400, 200)


@pytest.mark.parametrize(
    ("box", "fit", "enlarge", "expected"),
    [
        pytest.param((100, 100), "inside", False, (100, 50), id="inside"),
        pytest.param((100, 100), "contain", False, (100, 50), id="contain, before it is padded"),
        pytest.param((100, 100), "outside", False, (200, 100), id="outside"),
        pytest.param((100, 100), "cover", False, (200, 100), id="cover, before it is cut"),
        pytest.param((100, 100), "fill", False, (100, 100), id="fill"),
        pytest.param((800, 800), "inside", False, (400, 200), id="inside never enlarges"),
        pytest.param((800, 800), "inside", True, (800, 400), id="inside enlarges when asked"),
        pytest.param((300, 300), "outside", False, (400, 200), id="outside never enlarges"),
        pytest.param((300, 300), "outside", True, (600, 300), id="outside enlarges when asked"),
        pytest.param((800, 100), "fill", False, (400, 100), id="fill enlarges no side"),
        pytest.param((800, 100), "fill", True, (800, 100), id="fill enlarges a side when asked"),
        pytest.param((1, 1), "inside", False, (1, 1), id="never below one px"),
    ],
)
def test_fit_size(box: tuple[int, int], fit: Fit, enlarge: bool, expected: tuple[int, int]) -> None:
    assert fit_size(PHOTO, Size(*box), fit, enlarge=enlarge) == expected


def test_a_line_stays_a_line() -> None:
    assert fit_size(Size(10_000, 1), Size(100, 100), "inside") == (100, 1)


@pytest.mark.parametrize(
    ("gravity", "left", "top"),
    [
        ("center", 100, 0),
        ("north", 100, 0),
        ("south", 100, 0),
        ("west", 0, 0),
        ("east", 200, 0),
        ("northwest", 0, 0),
        ("southeast", 200, 0),
    ],
)
def test_cover_keeps_the_part_that_gravity_names(gravity: Gravity, left: int, top: int) -> None:
    assert cover_box(PHOTO, Size(50, 50), Anchor(gravity)) == Box(left, top, 200, 200)


def test_cover_keeps_fractions_of_a_pixel() -> None:
    box = cover_box(Size(101, 67), Size(10, 10), Anchor())
    assert box == pytest.approx((17, 0, 67, 67))
    assert cover_box(Size(100, 67), Size(10, 10), Anchor()) == pytest.approx((16.5, 0, 67, 67))


def test_every_gravity_has_a_place() -> None:
    assert set(GRAVITY) == set(get_args(Gravity))
