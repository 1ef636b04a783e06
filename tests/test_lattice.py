"""The lattice of half px, and what an affine map takes from it."""

from math import cos, radians, sin

import numpy as np
import pytest
from PIL import Image

from progimage.operations.geometry import Rotate
from tests.support import images as made
from tests.support.canvases import array
from transforms.geometry import Size
from transforms.render import lattice as lattices
from transforms.render.lattice import Affine, lattice, moved, parts, transformed

HALVES = {"right": (1.5, 0), "below": (0, 1.5), "both": (1.5, 1.5)}
"""Px of an image at which each of the others of its lattice begins."""


def turned_about(x: float, y: float, angle: float) -> Affine:
    """Return the map that turns a canvas about a place that it shares with the image."""
    across = cos(radians(angle))
    down = sin(radians(angle))
    return across, down, x - across * x - down * y, -down, across, y + down * x - across * y


class TestLattice:
    @pytest.mark.parametrize("name", HALVES)
    def test_a_slope_goes_on_between_px(self, name: str) -> None:
        """On a slope of 2 levels to the right and 4 downwards, half a px is 1 or 2 levels."""
        y, x = np.indices((30, 40))
        slope = Image.fromarray((10 + 2 * x + 4 * y).astype(np.uint8)).convert("RGB")
        left, top = HALVES[name]
        part = array(getattr(lattice(slope), name)).astype(int)
        rows, columns = np.indices(part.shape[:2])
        expected = 10 + 2 * (columns + left) + 4 * (rows + top)
        assert np.abs(part - np.expand_dims(expected, -1)).max() <= 1

    @pytest.mark.parametrize("name", HALVES)
    def test_a_flat_colour_stays(self, name: str) -> None:
        flat = Image.new("RGB", (9, 7), "#3365ff")
        assert (array(getattr(lattice(flat), name)) == (0x33, 0x65, 0xFF)).all()

    def test_an_image_of_few_px_has_one(self) -> None:
        assert lattice(Image.new("RGB", (4, 4))).both.size == (1, 1)

    def test_the_light_stays(self) -> None:
        image = made.photograph(301, 217)
        means = [array(part).mean() for part in lattice(image)]
        assert np.mean(means) == pytest.approx(array(image).mean(), abs=0.3)

    def test_strips_have_no_seams(self, monkeypatch: pytest.MonkeyPatch) -> None:
        image = made.photograph(61, 150)
        expected = lattice(image)
        monkeypatch.setattr(lattices, "_BAND_PX", 7)
        for part, same in zip(lattice(image), expected, strict=True):
            assert (array(part) == array(same)).all()


class TestTransformed:
    def test_px_of_the_image_stay(self) -> None:
        image = made.photograph(80, 60)
        shown = transformed(lattice(image), Size(70, 50), (1, 0, 5.0, 0, 1, 4.0))
        difference = np.abs(array(shown).astype(int) - array(image)[4:54, 5:75])
        # the middle of a px is half a step away from the nearest share, which is 8 of 255
        assert difference.max() <= 3
        assert difference.mean() < 0.5

    @pytest.mark.parametrize("angle", [0.5, 12, 45, 100, 291])
    @pytest.mark.parametrize(("band_px", "band_width"), [(7, 900), (64, 31), (200, 1_000)])
    def test_parts_have_no_seams(
        self, angle: float, band_px: int, band_width: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The steps of a part begin anew, so that a share may be the next one of 16."""
        source = lattice(made.photograph(160, 120))
        back = turned_about(80, 60, angle)
        expected = array(transformed(source, Size(160, 120), back)).astype(int)
        monkeypatch.setattr(lattices, "_BAND_PX", band_px)
        monkeypatch.setattr(lattices, "_MAX_BAND_WIDTH", band_width)
        shown = array(transformed(source, Size(160, 120), back)).astype(int)
        x, y = np.meshgrid(np.arange(160) + 0.5, np.arange(120) + 0.5)
        across, down, start_x, across_y, down_y, start_y = back
        column = across * x + down * y + start_x
        row = across_y * x + down_y * y + start_y
        inside = (column > 2) & (column < 158) & (row > 2) & (row < 118)
        difference = np.abs(shown - expected)[inside]
        assert difference.max() <= 4
        assert difference.mean() < 0.1

    def test_nothing_is_taken_from_outside_of_the_image(self) -> None:
        white = lattice(Image.new("RGB", (50, 40), "white"))
        shown = array(transformed(white, Size(200, 40), (1, 0, 60.0, 0, 1, 0.0)))
        assert (shown == 0).all()

    def test_a_canvas_wider_than_a_part_is_filled(self) -> None:
        image = Image.new("RGB", (2_100, 150), "#336699")
        shown = array(transformed(lattice(image), Size(2_090, 140), (1, 1e-6, 3.0, -1e-6, 1, 3.0)))
        assert (shown == (0x33, 0x66, 0x99)).all()


def test_a_moved_map_begins_where_the_part_does() -> None:
    back = turned_about(30, 20, 33)
    across, down, x, across_y, down_y, y = moved(back, 7, 11)
    assert (across, down, across_y, down_y) == (back[0], back[1], back[3], back[4])
    assert x == pytest.approx(back[0] * 7 + back[1] * 11 + back[2])
    assert y == pytest.approx(back[3] * 7 + back[4] * 11 + back[5])


@pytest.mark.parametrize("angle", [0.5, 12, 45, 100, 291])
def test_parts_inside_need_no_mask_and_cover_the_image(angle: float) -> None:
    image = Size(1_300, 400)
    canvas = Size(1_300, 700)
    across, down, start_x, across_y, down_y, start_y = turned_about(650, 200, angle)
    y, x = np.indices((canvas.height, canvas.width)) + 0.5
    column = across * x + down * y + start_x
    row = across_y * x + down_y * y + start_y
    depth = np.minimum(np.minimum(column, 1_300 - column), np.minimum(row, 400 - row))
    count = np.zeros(depth.shape)
    inner = 0
    for part in parts(image, canvas, turned_about(650, 200, angle), margin=7):
        place = np.s_[part.top : part.top + part.size.height, part.left : part.left + part.size.width]
        count[place] += 1
        if part.is_inside:
            inner += part.size.pixels
            assert depth[place].min() >= 6
    assert (count[depth > 0] == 1).all()
    assert count.max() == 1
    assert inner > 0.6 * (depth > 7).sum()


@pytest.mark.parametrize("angle", [1e-310, -1e-310, 1e-17, 90, 180])
@pytest.mark.parametrize("size", [(1, 1), (2, 5), (100, 80), (300, 300)])
def test_an_opaque_turn_at_the_ends_of_what_angles_can_be_stays_flat(
    angle: float, size: tuple[int, int]
) -> None:
    flat = Image.new("RGB", size, "#3365ff")
    turned = made.done(Rotate(angle=angle, background="#3365ff"), flat)
    assert turned.convert("RGB").getcolors() == [(turned.width * turned.height, (0x33, 0x65, 0xFF))]
