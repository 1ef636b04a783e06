"""Changes of tone that are neighbours: one pass if they can be joined."""

import pytest
from PIL import Image

from progimage.text_form import parse_text
from tests.support import images as made
from tests.support.tone_formulas import (
    CURVES,
    MATRICES,
    OF_LUMA,
    ROUNDED_ONCE,
    colours,
    distance,
    ramp,
    toned,
)
from transforms.render import merge, render


def one_by_one(text: str, image: Image.Image) -> Image.Image:
    for step in parse_text(text):
        image = render(step, image.convert("RGB"))
    return image


def passes(text: str) -> int:
    return len(merge(parse_text(text)))


class TestNeighbours:
    @pytest.mark.parametrize("second", CURVES)
    @pytest.mark.parametrize("first", CURVES)
    def test_curves_are_one_pass_and_rounded_once(self, first: str, second: str) -> None:
        assert passes(f"{first}/{second}") == 1
        assert distance(f"{first}/{second}") <= ROUNDED_ONCE

    @pytest.mark.parametrize("second", MATRICES)
    @pytest.mark.parametrize("first", ["saturation:-30", "tint:ff8000,amount=60"])
    def test_matrices_are_one_pass_where_the_first_clips_nothing(self, first: str, second: str) -> None:
        assert passes(f"{first}/{second}") == 1
        assert distance(f"{first}/{second}") <= ROUNDED_ONCE

    @pytest.mark.parametrize("second", [*CURVES, *OF_LUMA])
    @pytest.mark.parametrize("first", ["grayscale", "threshold:90"])
    def test_what_is_grey_takes_any_curve_in_its_pass(self, first: str, second: str) -> None:
        assert passes(f"{first}/{second}") == 1
        expected = one_by_one(f"{first}/{second}", colours())
        assert made.furthest(toned(f"{first}/{second}", colours()), expected) == 0

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("saturation:80/hue:75", id="a product would not clip"),
            pytest.param("brightness:30/sepia", id="a curve and a matrix"),
            pytest.param("sepia/brightness:30", id="a matrix and a curve"),
            pytest.param("brightness:30/threshold", id="luma of three curves"),
            pytest.param("duotone:red,highlights=blue/grayscale", id="luma of two colours"),
            pytest.param("autocontrast/brightness:30", id="statistics before"),
            pytest.param("brightness:30/equalize", id="statistics after"),
            pytest.param("brightness:30/resize:40", id="another kind"),
        ],
    )
    def test_others_stay_two(self, text: str) -> None:
        assert passes(text) == 2

    def test_ten_of_them_are_one_pass(self) -> None:
        text = "/".join(list(CURVES)[:10])
        assert passes(text) == 1
        assert distance(text) <= ROUNDED_ONCE

    def test_nothing_is_rounded_between_them(self) -> None:
        """Sixteen levels of 256 are left if each of the two is a pass by itself."""
        text = "brightness:-94/levels:white=15"
        assert len(set(made.pixels(toned(text, ramp())).ravel())) > 200
        assert len(set(made.pixels(one_by_one(text, ramp())).ravel())) == 16

    @pytest.mark.parametrize("text", ["brightness:100/brightness:-50", "saturation:100/saturation:-50"])
    def test_each_is_clipped_before_the_next(self, text: str) -> None:
        """Joined or not, the result is the same but for roundings: values out of range are clipped by each operation."""
        assert made.furthest(toned(text, colours()), one_by_one(text, colours())) <= 1
        assert made.furthest(toned(text, colours()), colours()) > 60
