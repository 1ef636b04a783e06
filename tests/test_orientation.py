"""EXIF orientation: sizes and boxes of the stored image, and renders of all eight orientations."""

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.support import images as made
from tests.support.filtering import white_noise
from transforms.geometry import Box, Size
from transforms.orientation import orientation_after, stored_box, turn_upright, upright_box, upright_size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_is_found_where_it_is_stored(orientation: int) -> None:
    """The top left 10 x 20 px of the upright image, found in the stored one."""
    stored = Size(100, 60)
    upright = upright_size(stored, orientation)
    corners = {
        1: (0, 0, 10, 20),
        2: (90, 0, 10, 20),
        3: (90, 40, 10, 20),
        4: (0, 40, 10, 20),
        5: (0, 0, 20, 10),
        6: (0, 50, 20, 10),
        7: (80, 50, 20, 10),
        8: (80, 0, 20, 10),
    }
    assert upright == ((60, 100) if orientation > 4 else (100, 60))
    assert stored_box(Box(0, 0, 10, 20), upright, orientation) == corners[orientation]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_stored_box_is_found_in_the_upright_image(orientation: int) -> None:
    stored = Size(100, 60)
    upright = upright_size(stored, orientation)
    box = Box(3, 7.5, 20, 11)
    assert upright_box(stored_box(box, upright, orientation), stored, orientation) == box


RESIZES = (
    "w=30",
    "h=20",
    "w=24&h=24&fit=cover&gravity=northeast",
    "w=60&h=60&fit=contain",
    "w=70&h=31&fit=fill",
    "w=400&enlarge=true",
    "transform=crop:left=10,top=10,width=50,height=90",
    "transform=crop:left=13.4,top=7.2,width=88.3,height=71.1/resize:40",
)


class TestOrientation:
    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif", "tiff"])
    def test_every_result_is_upright_and_alike(self, name: str, orientation: int, tmp_path: Path) -> None:
        _, content = made.rendered(made.encoded_oriented(orientation, name), "format=png", tmp_path)
        assert made.furthest(content, made.picture()) <= 14  # the loss of JPEG and AVIF at quality 95
        assert Image.open(io.BytesIO(content)).getexif() == {}

    @pytest.mark.parametrize("orientation", range(2, 9))
    @pytest.mark.parametrize("query", RESIZES)
    def test_a_resize_is_that_of_the_upright_image(
        self, query: str, orientation: int, tmp_path: Path
    ) -> None:
        """White noise overshoots at every px, and its sides divide by nothing."""
        noise = white_noise(131, 203)
        expected, actual = (
            made.rendered(made.encoded_oriented(turn, "png", noise), f"{query}&format=png", tmp_path)[1]
            for turn in (1, orientation)
        )
        assert made.furthest(expected, actual) == 0

    @pytest.mark.parametrize("orientation", range(2, 9))
    def test_a_scaled_decode_is_that_of_the_upright_image(self, orientation: int, tmp_path: Path) -> None:
        """A JPEG of whole blocks that is hardly quantized holds a turned photograph like the upright one."""
        photograph = made.photograph(640, 480)
        options = {"qtables": [[1] * 64] * 2, "subsampling": 0}
        expected, actual = (
            made.rendered(
                made.encoded_oriented(turn, "jpeg", photograph, **options), "w=97&format=png", tmp_path
            )[1]
            for turn in (1, orientation)
        )
        assert made.furthest(expected, actual) <= 2


@pytest.mark.parametrize("first", range(1, 9))
@pytest.mark.parametrize("then", range(1, 9))
def test_one_orientation_has_the_effect_of_two(first: int, then: int) -> None:
    image = made.picture()
    both = turn_upright(turn_upright(image, first), then)
    assert turn_upright(image, orientation_after(first, then)).tobytes() == both.tobytes()
