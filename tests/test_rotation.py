"""Rotation: quarters are exact, and every other angle has its pixels and soft edges where they belong."""

from math import cos, radians, sin
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from progimage.operations.geometry import Rotate
from tests.support import images as made
from tests.support.canvases import array
from transforms.geometry import Size
from transforms.render import measure, rotation

GREEN = (0, 255, 0, 255)


class TestRotate:
    @pytest.mark.parametrize("image", [made.picture(), made.translucent()], ids=["RGB", "RGBA"])
    @pytest.mark.parametrize("angle", [-360, -270, -180, -90, 0, 90, 180, 270, 360])
    def test_quarters_are_clockwise_and_exact(self, angle: int, image: Image.Image) -> None:
        expected = np.rot90(array(image, "RGBA"), -angle // 90)
        assert (array(made.done(Rotate(angle=angle), image), "RGBA") == expected).all()

    def test_a_quarter_on_the_same_canvas_is_cut_and_padded(self) -> None:
        image = made.picture()
        shown = array(made.done(Rotate(angle=90, expand=False, background="lime"), image), "RGBA")
        assert shown.shape == (80, 120, 4)
        assert (shown[:, :20] == GREEN).all()
        assert (shown[:, 100:] == GREEN).all()
        assert (shown[:, 20:100, :3] == np.rot90(array(image), -1)[20:100]).all()

    @pytest.mark.parametrize("expand", [True, False])
    @pytest.mark.parametrize("angle", [-359.5, -200, -12.5, 0.3, 30, 45, 60, 89.9, 137])
    @pytest.mark.parametrize("image", [made.picture(), made.picture().convert("RGBA")], ids=["RGB", "RGBA"])
    def test_every_pixel_is_where_the_angle_puts_it(
        self, image: Image.Image, angle: float, expand: bool
    ) -> None:
        """The picture is linear in x and y; bicubic resampling keeps that to a tenth of a px, or 0.3 levels, and 8
        bits before and after to 1.6, with alpha weighted to 2.5; within 2 px of the edges they bend it. Its area
        stays: a pixel that is covered in part is transparent in part."""
        operation = Rotate(angle=angle, expand=expand)
        result = made.done(operation, image)
        assert result.size == measure(operation, Size(*image.size))
        shown = array(result, "RGBA").astype(float)
        x, y = positions(result.size, image.size, angle)
        inside = (x > 2) & (x < made.WIDTH - 2) & (y > 2) & (y < made.HEIGHT - 2)
        outside = (x < -1) | (x > made.WIDTH + 1) | (y < -1) | (y > made.HEIGHT + 1)
        assert inside.sum() > 2_000
        for channel, expected in enumerate(((x - 0.5) * 255 / 119, (y - 0.5) * 255 / 79, 64, 255)):
            assert np.abs(shown[..., channel] - expected)[inside].max() <= (2 if image.mode == "RGB" else 3)
        assert (shown[outside, 3] == 0).all()
        if expand:
            assert shown[..., 3].sum() / 255 == pytest.approx(made.WIDTH * made.HEIGHT, rel=0.002)

    @pytest.mark.parametrize(("order", "least_psnr"), [(3, 46), (5, 43.5)])
    @pytest.mark.parametrize("angle", [7.3, 30, 45])
    def test_an_opaque_image_is_nearly_as_sharp_as_a_spline(
        self, angle: float, order: int, least_psnr: float
    ) -> None:
        """Bilinear resampling, as libvips and sharp have it, reaches 38.7 and 37.2."""
        image = made.photograph(501, 333)
        shown = array(made.done(Rotate(angle=angle), image)).astype(float)
        x, y = positions((shown.shape[1], shown.shape[0]), image.size, angle)
        places = [y - 0.5, x - 0.5]
        bands = [
            ndimage.map_coordinates(band, places, order=order, mode="mirror")
            for band in np.moveaxis(array(image).astype(float), -1, 0)
        ]
        expected = np.clip(np.stack(bands, axis=-1), 0, 255)
        inside = (x > 4) & (x < image.width - 4) & (y > 4) & (y < image.height - 4)
        error = np.mean((shown - expected)[inside] ** 2)
        assert 10 * np.log10(255**2 / error) > least_psnr

    @pytest.mark.parametrize("background", ["white", "transparent"])
    def test_a_large_image_takes_less_memory(self, background: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is turned by bicubic resampling. That looks the same."""
        image = made.photograph(201, 133)
        operation = Rotate(angle=33, background=background)
        expected = made.done(operation, image)
        monkeypatch.setattr(rotation, "_MAX_LATTICE_PX", 1)
        shown = made.done(operation, image)
        assert shown.mode == expected.mode
        pixels = array(shown, "RGBA").astype(int)
        difference = np.abs(pixels - array(expected, "RGBA"))[pixels[..., 3] > 0]
        assert 0 < difference.max() <= 20
        assert difference.mean() < 1.5

    @pytest.mark.parametrize("angle", [7.3, 45, 200])
    @pytest.mark.parametrize("mode", ["RGB", "RGBA"])
    def test_a_turn_does_not_darken(self, mode: str, angle: float) -> None:
        """Neither over white nor over black, and the sum of the light stays."""
        image = made.photograph(201, 133).convert(mode)
        turned = array(made.done(Rotate(angle=angle), image), "RGBA").astype(float)
        before = array(image).astype(float)
        alpha = turned[..., 3:] / 255
        light = (turned[..., :3] * alpha).sum(axis=(0, 1))
        assert light == pytest.approx(before.sum(axis=(0, 1)), rel=0.004)

    @pytest.mark.parametrize("angle", [7.3, 33, 45])
    def test_a_shape_inside_of_the_image_has_no_halo(self, angle: float) -> None:
        y, x = np.indices((120, 120)) - 59.5
        alpha = np.where(np.hypot(x, y) < 40, 255, 0)
        hidden = np.where(alpha[..., None] > 0, (200, 100, 50), (0, 255, 0))
        image = Image.fromarray(np.dstack([hidden, alpha]).astype(np.uint8))
        turned = array(made.done(Rotate(angle=angle), image), "RGBA").astype(float)
        error = np.abs(turned[..., :3] - (200, 100, 50)).max(axis=-1)
        assert (error * turned[..., 3] / 255).max() <= 3
        assert turned[..., 3].sum() == pytest.approx(alpha.sum(), rel=0.005)

    def test_tiles_have_no_seams(self, monkeypatch: pytest.MonkeyPatch) -> None:
        image = made.photograph(201, 133)
        image.putalpha(Image.linear_gradient("L").resize(image.size))
        expected = made.done(Rotate(angle=33), image)
        monkeypatch.setattr(rotation, "_TILE_SIDE", 50)
        assert (array(made.done(Rotate(angle=33), image), "RGBA") == array(expected, "RGBA")).all()

    @pytest.mark.parametrize("mode", ["RGB", "RGBA"])
    def test_edges_neither_ring_nor_darken(self, mode: str) -> None:
        shown = array(made.done(Rotate(angle=33), Image.new(mode, (60, 40), "#336699")), "RGBA").astype(int)
        difference = np.abs(shown[shown[..., 3] > 0][:, :3] - (0x33, 0x66, 0x99))
        assert difference.max() <= (0 if mode == "RGB" else 1)

    @pytest.mark.parametrize("mode", ["RGB", "RGBA"])
    def test_edges_blend_into_the_background(self, mode: str) -> None:
        """White shows by as much as black does not cover."""
        black = Image.new(mode, (60, 40), "black")
        covered = array(made.done(Rotate(angle=33), black), "RGBA")[..., 3]
        shown = array(made.done(Rotate(angle=33, background="white"), black), "RGBA")
        assert (shown[..., 3] >= 254).all()
        assert np.abs(shown[..., 0] + covered.astype(int) - 255).max() <= 1
        assert len(np.unique(shown[..., 0])) > 50

    def test_the_background_may_be_translucent(self) -> None:
        shown = array(made.done(Rotate(angle=45, background="#00ff0080"), made.picture()), "RGBA")
        assert tuple(shown[0, 0]) == (0, 255, 0, 128)
        assert shown[70, 70, 3] == 255

    def test_the_background_is_not_seen_through_the_image(self) -> None:
        image = Image.new("RGBA", (60, 40), (0, 0, 255, 100))
        shown = array(made.done(Rotate(angle=45, background="red"), image), "RGBA")
        assert tuple(shown[0, 0]) == (255, 0, 0, 255)
        assert np.abs(shown[35, 35].astype(int) - (0, 0, 255, 100)).max() <= 1

    def test_hidden_colours_do_not_bleed(self) -> None:
        """Below the transparent half lies red, all else has a blue of 64."""
        shown = array(made.done(Rotate(angle=20), made.translucent()), "RGBA").astype(int)
        visible = shown[shown[..., 3] > 64]
        assert np.abs(visible[:, 2] - 64).max() <= 4  # divided by a small alpha, 8 bits leave a few steps


def positions(canvas: tuple[int, int], size: tuple[int, int], angle: float) -> tuple[Any, Any]:
    """Return the positions of a canvas's pixel centres in the image, which stands on it turned clockwise."""
    y, x = np.indices(canvas[::-1]) + 0.5
    x, y = x - canvas[0] / 2, y - canvas[1] / 2
    across, down = cos(radians(angle)), sin(radians(angle))
    return across * x + down * y + size[0] / 2, across * y - down * x + size[1] / 2
