"""Resampling with alpha: colours keep their values at the edges of shapes, and hidden ones stay hidden."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.support import images as made
from tests.support.canvases import array
from tests.support.filtering import white_noise
from transforms.geometry import Box, Size, whole
from transforms.orientation import stored_box, turn_upright
from transforms.render import resampling
from transforms.render.resampling import resample, resample_alpha, resample_upright

HALO = 8
"""The most levels by which a flat colour may change, weighted by alpha: as much as it can be seen."""
SIZES = [(400, 97), (400, 399), (64, 200), (100, 333), (700, 5)]
Shares = NDArray[np.float64]


def disc(side: int) -> Shares:
    return np.where(_radius(side) < 0.35 * side, 1.0, 0.0)


def soft_disc(side: int) -> Shares:
    return np.clip((0.35 * side - _radius(side)) / 6 + 0.5, 0, 1)


def tilted_square(side: int) -> Shares:
    y, x = np.indices((side, side)) - side / 2
    return np.where((abs(x + 0.3 * y) < 0.3 * side) & (abs(y - 0.3 * x) < 0.3 * side), 1.0, 0.0)


def dots(side: int) -> Shares:
    y, x = np.indices((side, side)) % 16
    return np.where((x < 3) & (y < 3), 1.0, 0.0)


def _radius(side: int) -> NDArray[np.float64]:
    y, x = np.indices((side, side)) + 0.5
    distances: Shares = np.hypot(x - side / 2, y - side / 2)
    return distances


def cut_out(alpha: Shares, color: tuple[int, ...]) -> Image.Image:
    """Return a flat colour of that alpha; its opposite lies below the transparent px."""
    opposite = [255 - channel for channel in color]
    colors = np.where((alpha > 0)[..., None], color, opposite)
    return Image.fromarray(np.dstack([colors, alpha * 255]).round().astype(np.uint8))


@pytest.mark.parametrize("color", [(200, 100, 50), (255, 255, 255), (30, 60, 90)], ids=str)
@pytest.mark.parametrize(("side", "target"), SIZES)
@pytest.mark.parametrize("shape", [disc, soft_disc, tilted_square, dots])
def test_a_flat_colour_has_no_halo(
    shape: Callable[[int], Shares], side: int, target: int, color: tuple[int, ...]
) -> None:
    """Clipped alpha made this 53 levels. The rounding of weighted colours leaves up to 5."""
    image = cut_out(shape(side), color)
    shown = array(resample(image, whole(Size(side, side)), Size(target, target)), "RGBA").astype(float)
    error = np.abs(shown[..., :3] - color).max(axis=-1)
    alpha = shown[..., 3]
    assert (error * alpha / 255).max() < HALO
    assert error[alpha >= 128].max(initial=0) < HALO


@pytest.mark.parametrize(("side", "target"), [(64, 200), (400, 97)])
def test_grey_with_alpha_has_no_halo(side: int, target: int) -> None:
    image = cut_out(disc(side), (200, 200, 200)).convert("LA")
    result = resample(image, whole(Size(side, side)), Size(target, target))
    assert result.mode == "LA"
    shown = np.asarray(result).astype(float)
    assert np.abs(shown[..., 0] - 200)[shown[..., 1] >= 128].max() < HALO


@pytest.mark.parametrize(("side", "target"), [(64, 200), (400, 97), (400, 399)])
def test_a_shape_has_the_area_and_the_edge_that_it_had(side: int, target: int) -> None:
    shape = disc(side)
    result = resample(cut_out(shape, (0, 0, 0)), whole(Size(side, side)), Size(target, target))
    check_disc(array(result, "RGBA")[..., 3], side)


@pytest.mark.parametrize(("side", "target"), [(64, 200), (400, 97)])
def test_a_mask_has_no_ripple(side: int, target: int) -> None:
    mask = cut_out(disc(side), (0, 0, 0)).getchannel("A")
    check_disc(np.asarray(resample_alpha(mask, Size(target, target))), side)


def check_disc(alpha: NDArray[np.uint8], side: int) -> None:
    """Check a resampled disc of `side` px: nothing beside its edge, and its area."""
    target = len(alpha)
    radius = _radius(target) * side / target
    reach = 2 * max(1, side / target)
    assert alpha[radius > 0.35 * side + reach].max() <= 1
    assert alpha[radius < 0.35 * side - reach].min() >= 254
    assert alpha.sum() / 255 * (side / target) ** 2 == pytest.approx(disc(side).sum(), rel=0.01)


@pytest.mark.parametrize("target", [(55, 41), (300, 200)], ids=str)
def test_an_opaque_alpha_changes_nothing(target: tuple[int, int]) -> None:
    image = made.photograph(201, 133)
    box = Box(3.5, 7.25, 150, 100)
    expected = resample(image, box, Size(*target))
    opaque = resample(image.convert("RGBA"), box, Size(*target))
    assert (array(opaque, "RGBA") == array(expected, "RGBA")).all()


def test_the_inside_of_a_shape_is_as_exact_as_an_opaque_image() -> None:
    photograph = made.photograph(400, 400)
    image = photograph.copy()
    image.putalpha(Image.fromarray((disc(400) * 255).astype(np.uint8)))
    box, target = whole(Size(400, 400)), Size(150, 150)
    inside = _radius(150) < 0.35 * 150 - 5
    shown: Any = array(resample(image, box, target))[inside]
    assert (shown == array(resample(photograph, box, target))[inside]).all()


def test_strips_have_no_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    image = made.photograph(300, 420)
    image.putalpha(Image.fromarray((soft_disc(420)[:, 60:360] * 255).astype(np.uint8)))
    box = Box(10.25, 3.5, 270, 400.75)
    for target in (Size(211, 333), Size(500, 700)):
        expected = array(resample(image, box, target), "RGBA")
        with monkeypatch.context() as patch:
            patch.setattr(resampling, "_STRIP_PX", 20_000)
            in_strips = array(resample(image, box, target), "RGBA")
        assert (in_strips[..., 3] == expected[..., 3]).all()
        visible = expected[..., 3] > 0
        assert (in_strips[visible] == expected[visible]).mean() > 0.999
        difference = np.abs(in_strips.astype(int) - expected)[..., :3].max(axis=-1)
        assert (difference * (expected[..., 3] / 255)).max() <= 2


def test_a_translucent_image_keeps_its_colour() -> None:
    image = Image.new("RGBA", (400, 300), (200, 100, 50, 100))
    shown = array(resample(image, whole(Size(400, 300)), Size(77, 55)), "RGBA").astype(int)
    assert np.abs(shown - (200, 100, 50, 100)).max() <= 2  # 8 bits of a weighted colour


def test_an_image_with_alpha_is_reduced_by_whole_numbers_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The passes with headroom and without ripple begin with the small copy, not with all px."""
    reduce = Image.Image.reduce
    reductions = []

    def count(image: Image.Image, *args: Any) -> Image.Image:
        reductions.append((image.mode, image.size))
        return reduce(image, *args)

    monkeypatch.setattr(Image.Image, "reduce", count)
    image = Image.new("RGBA", (640, 480), "red")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    resample(image, whole(Size(*image.size)), Size(64, 48))
    assert reductions == [("RGBa", (640, 480))]


def test_a_reduction_before_the_kernel_is_that_of_pillow() -> None:
    noise = white_noise(613, 411)
    for box in (Box(0, 0, 613, 411), Box(101.3, 57.9, 400.5, 300.2), Box(3, 350, 600, 60.7)):
        for size in (Size(90, 60), Size(31, 7), Size(12, 58)):
            edges = box.edges(Size(*noise.size))
            expected = noise.resize(size, Image.Resampling.LANCZOS, box=edges, reducing_gap=2.0)
            assert resample(noise, box, size).tobytes() == expected.tobytes()


class TestOrientation:
    @pytest.mark.parametrize("orientation", range(2, 9))
    @pytest.mark.parametrize(
        ("box", "size"),
        [
            (Box(0, 0, 203, 131), Size(160, 103)),
            (Box(40, 0, 131, 131), Size(120, 120)),
            (Box(10, 0, 60, 131), Size(30, 128)),
            (Box(0, 0, 203, 131), Size(60, 39)),
        ],
        ids=["across-first", "a-middle", "a-part", "reduced-far"],
    )
    def test_a_turn_after_the_reduction_is_that_before_it(
        self, box: Box, size: Size, orientation: int
    ) -> None:
        """The upright image decides which of the two passes comes first, whichever way the px are stored."""
        upright = white_noise(203, 131)
        stored = turn_back(upright, orientation)
        stored_area = stored_box(box, Size(*upright.size), orientation)
        result = resample_upright(stored, stored_area, size, orientation)
        assert result.tobytes() == resample(upright, box, size).tobytes()

    @pytest.mark.parametrize(
        ("mode", "size", "turned"),
        [
            ("RGB", Size(300, 225), Size(225, 300)),
            ("RGB", Size(100, 75), Size(300, 400)),
            ("RGB", Size(800, 600), Size(300, 400)),
            ("RGBA", Size(300, 225), Size(300, 400)),
        ],
        ids=["reduced", "reduced-by-whole-numbers", "enlarged", "with-alpha"],
    )
    def test_a_large_opaque_image_is_turned_when_it_is_small(
        self, mode: str, size: Size, turned: Size, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A turn of a phone's photograph at full size costs a tenth of its render."""
        turns = []

        def turn(image: Image.Image, orientation: int) -> Image.Image:
            turns.append(image.size)
            return turn_upright(image, orientation)

        monkeypatch.setattr(resampling, "turn_upright", turn)
        resample_upright(Image.new(mode, (300, 400)), Box(0, 0, 300, 400), size, 6)
        assert turns == [turned]


def turn_back(upright: Image.Image, orientation: int) -> Image.Image:
    """Return the image as a camera stores it with this orientation."""
    inverse = {6: 8, 8: 6}.get(orientation, orientation)
    return turn_upright(upright, inverse)
