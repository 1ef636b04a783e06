"""The changes of a picture's geometry, by its operations alone."""

from dataclasses import replace

import pytest

from progimage.text_form import parse_text
from transforms.decoding.header import Header
from transforms.geometry import UNCHANGED, Changes
from transforms.planning.changes import find_changes

HEADER = Header(
    format="jpeg", media_type="image/jpeg", width=120, height=80, frames=1, has_alpha=False, orientation=1
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", UNCHANGED),
        ("invert/grayscale", UNCHANGED),
        ("resize:width=120", UNCHANGED),
        ("resize:width=60", Changes(is_resized=True)),
        ("resize:width=60,height=60,fit=fill", Changes(is_resized=True)),
        ("resize:width=60,height=60,fit=cover", Changes(is_resized=True, is_cut=True)),
        ("resize:width=60,height=60,fit=contain", Changes(is_resized=True, is_moved=True)),
        ("thumbnail:width=60", Changes(is_resized=True, is_cut=True)),
        ("crop:left=1", Changes(is_resized=True, is_cut=True)),
        ("crop:left=0,width=120", UNCHANGED),
        ("trim", Changes(is_resized=True, is_cut=True)),
        ("pad:left=3", Changes(is_resized=True, is_moved=True)),
        ("flip", Changes(is_moved=True)),
        ("rotate:angle=0", UNCHANGED),
        ("rotate:angle=360", UNCHANGED),
        ("rotate:angle=180", Changes(is_moved=True)),
        ("rotate:angle=90", Changes(is_moved=True, swaps_sides=True)),
        ("rotate:angle=90,expand=false", Changes(is_moved=True, swaps_sides=True, is_cut=True)),
        ("rotate:angle=90/rotate:angle=90", Changes(is_moved=True)),
        ("rotate:angle=10", Changes(is_moved=True, is_askew=True)),
        ("rotate:angle=10,expand=false", Changes(is_moved=True, is_askew=True, is_cut=True)),
        (
            "resize:width=80,height=80,fit=cover/rotate:angle=90,expand=false",
            Changes(is_moved=True, is_resized=True, swaps_sides=True, is_cut=True),
        ),
    ],
)
def test_changes_of_operations(text: str, expected: Changes) -> None:
    assert find_changes(parse_text(text) if text else (), HEADER) == expected


@pytest.mark.parametrize("orientation", range(1, 9))
def test_changes_of_an_orientation(orientation: int) -> None:
    header = replace(HEADER, orientation=orientation)
    expected = Changes(is_moved=orientation > 1, swaps_sides=orientation > 4)
    assert find_changes((), header) == expected
    turned_back = find_changes(parse_text("rotate:angle=90"), header)
    assert turned_back.swaps_sides is (orientation < 5)
