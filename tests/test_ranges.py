"""Ranges of numbers and of lists, and the text that error messages say of them."""

import pytest

from progimage.parameters.ranges import Items, Range


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (Range(1, 16_383, "px"), "1 to 16383 px"),
        (Range(0.5, 2), "0.5 to 2"),
        (Items(4, 4), "4"),
        (Items(2, 8, step=2), "2 to 8 (in groups of 2)"),
    ],
)
def test_text(limits: Range | Items, text: str) -> None:
    assert str(limits) == text


@pytest.mark.parametrize(("count", "is_met"), [(1, False), (2, True), (3, False), (8, True), (10, False)])
def test_length_of_a_list_of_pairs(count: int, is_met: bool) -> None:
    assert Items(2, 8, step=2).is_met(count) is is_met
