"""Operations that change the canvas: trim and pad."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from progimage.operations.geometry import Pad, Trim
from tests.support import images as made
from tests.support.canvases import array, object_on

GREEN = (0, 255, 0, 255)


class TestTrim:
    @pytest.mark.parametrize(
        ("image", "trim", "size"),
        [
            pytest.param(object_on("white"), Trim(), (30, 30), id="white"),
            pytest.param(object_on("black"), Trim(), (30, 30), id="black"),
            pytest.param(object_on("#80402000", mode="RGBA"), Trim(), (30, 30), id="nothing at all"),
            pytest.param(object_on("#ff000080", mode="RGBA"), Trim(), (30, 30), id="half transparent"),
            pytest.param(object_on("#854522"), Trim(), (100, 60), id="within the threshold"),
            pytest.param(object_on("#854522"), Trim(threshold=3), (30, 30), id="beyond the threshold"),
            pytest.param(object_on("#000001"), Trim(threshold=0), (30, 30), id="threshold 0"),
            pytest.param(object_on("white"), Trim(padding=5), (40, 40), id="padding"),
            pytest.param(object_on("white"), Trim(padding=15), (60, 55), id="padding beyond the image"),
            pytest.param(object_on("white"), Trim(color="#804020"), (100, 60), id="another colour"),
            pytest.param(object_on("white", box=(0, 0, 50, 40)), Trim(color="white"), (50, 40), id="given"),
            pytest.param(object_on("white", box=(0, 0, 100, 60)), Trim(), (100, 60), id="all border"),
            pytest.param(Image.new("RGBA", (100, 60)), Trim(), (100, 60), id="all nothing"),
            pytest.param(object_on("white", box=(99, 59, 100, 60)), Trim(), (1, 1), id="one px"),
        ],
    )
    def test_what_is_left(self, image: Image.Image, trim: Trim, size: tuple[int, int]) -> None:
        assert made.done(trim, image).size == size

    def test_transparent_px_are_border_whatever_colour_is(self) -> None:
        image = object_on("#00000000", mode="RGBA")
        image.paste("white", (10, 5, 60, 45))
        image.paste("#804020", (20, 10, 50, 40))
        assert made.done(Trim(color="white"), image).size == (30, 30)
        assert made.done(Trim(), image).size == (50, 40)

    def test_the_noise_of_a_jpeg_is_border(self, tmp_path: Path) -> None:
        content = made.encoded("jpeg", object_on("white", box=(16, 16, 64, 48)), quality=80)
        facts, _ = made.rendered(content, "transform=trim&format=png", tmp_path)
        assert (facts.width, facts.height) == pytest.approx((48, 32), abs=4)

    def test_the_first_frame_decides_for_all(self, tmp_path: Path) -> None:
        frames = [object_on("white", box=(left, 10, left + 30, 40)) for left in (20, 5, 60)]
        content = made.encoded_animation("webp", frames, lossless=True)
        _, trimmed = made.rendered(content, "transform=trim", tmp_path)
        shown = made.frames_of(trimmed, tmp_path)
        assert [frame.image.size for frame in shown] == [(30, 30)] * 3
        assert (array(shown[1].image)[5, :, 0] > 200).tolist() == [False] * 15 + [True] * 15


class TestPad:
    @pytest.mark.parametrize("image", [made.picture(), made.translucent()], ids=["RGB", "RGBA"])
    @pytest.mark.parametrize("sides", [(3, 5, 7, 11), (0, 0, 0, 9), (200, 0, 500, 310)], ids=str)
    def test_with_its_reflection(self, sides: tuple[int, ...], image: Image.Image) -> None:
        top, right, bottom, left = sides
        result = made.done(Pad(top=top, right=right, bottom=bottom, left=left, fill="mirror"), image)
        expected = np.pad(array(image, "RGBA"), ((top, bottom), (left, right), (0, 0)), mode="symmetric")
        assert result.mode == image.mode
        assert (array(result, "RGBA") == expected).all()

    @pytest.mark.parametrize(
        ("background", "around"),
        [("lime", GREEN), ("#00000000", (0, 0, 0, 0)), ("#00ff0080", (0, 255, 0, 128))],
    )
    @pytest.mark.parametrize("image", [made.picture(), made.translucent()], ids=["RGB", "RGBA"])
    def test_with_a_colour(self, image: Image.Image, background: str, around: tuple[int, ...]) -> None:
        result = array(
            made.done(Pad(top=3, right=5, bottom=7, left=11, background=background), image), "RGBA"
        )
        expected = np.full((90, 136, 4), around)
        expected[3:83, 11:131] = array(image, "RGBA")
        assert (result == expected).all()

    @pytest.mark.parametrize(
        ("gravity", "left"), [("west", 0), ("center", 20), ("east", 40), ("northeast", 40)]
    )
    def test_to_proportions(self, gravity: Any, left: int) -> None:
        image = made.picture()
        shown = array(made.done(Pad(aspect_ratio=2, gravity=gravity), image), "RGBA")
        assert shown.shape == (80, 160, 4)
        assert (shown[:, left : left + 120, :3] == array(image)).all()
        assert shown[..., 3].sum() == 255 * 120 * 80

    def test_with_its_own_blur(self) -> None:
        """The image lies on itself, which covers the canvas and has nothing left that is sharp."""
        image = made.checkerboard(80, 40, cell=2)
        shown = array(made.done(Pad(aspect_ratio=1, fill="blur"), image))
        assert shown.shape == (80, 80, 3)
        assert (shown[20:60] == array(image)).all()
        assert shown[:20].std() < 8
        assert np.abs(shown[:20].mean() - 127.5) < 2

    def test_the_blur_of_a_gradient_has_its_colours_where_they_are(self) -> None:
        shown = array(made.done(Pad(top=80, bottom=80, fill="blur"), made.picture(200, 100))).astype(int)
        middle = shown[:80, 100]
        assert np.abs(middle[:, 0] - 128).max() <= 4
        assert (np.diff(middle[:, 1]) >= 0).all()
        assert (np.diff(shown[40, :, 0]) >= 0).all()

    def test_the_blur_of_what_is_transparent_is_transparent(self) -> None:
        shown = array(made.done(Pad(aspect_ratio=1, fill="blur"), made.translucent()), "RGBA").astype(int)
        assert (shown[:, :30, 3] == 0).all()
        assert (shown[:, 90:, 3] == 255).all()
        assert shown[shown[..., 3] > 32][:, 2] == pytest.approx(64, abs=4)
