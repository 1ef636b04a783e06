"""Words that error messages share."""

import pytest

from progimage.wording import show_value, suggest


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        ("1.5", "'1.5'"),
        ("null", "'null'"),
        ([1, None], "[1, null]"),
        ({"a": False}, '{"a": false}'),
        ("x" * 61, f"'{'x' * 60}…'"),
        (["x" * 61], f'["{"x" * 58}…'),
    ],
)
def test_values_are_shown_as_in_json(value: object, shown: str) -> None:
    assert show_value(value) == shown


NAMES = ("width", "height", "quality", "q", "aspect_ratio")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("widht", "width"),
        ("w", "width"),
        ("WIDTH", "width"),
        ("heigth", "height"),
        ("aspect", "aspect_ratio"),
        ("aspectratio", "aspect_ratio"),
        ("qualty", "quality"),
    ],
)
def test_the_name_that_is_meant(name: str, meant: str) -> None:
    assert suggest(name, NAMES) == f": did you mean '{meant}'?"


@pytest.mark.parametrize("name", ["", "x", "colour", "x" * 100_000])
def test_no_suggestion_is_better_than_a_wrong_one(name: str) -> None:
    assert suggest(name, NAMES) == ""
