"""Shapes as masks: each pixel shows by the share of it that lies inside."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from progimage.operations.masks import Mask
from tests.support import images as made
from transforms.geometry import Size
from transforms.render import measure

Array = NDArray[Any]
FINE = 16
STAR = (0.5, 0.0, 0.8, 1.0, 0.0, 0.4, 1.0, 0.4, 0.2, 1.0)


def share_inside(size: Size, is_inside: Callable[[Array, Array], Array]) -> Array:
    """Return how much of each pixel is inside, 0-255, from 16 x 16 points in each."""
    x = (np.arange(size.width * FINE) + 0.5)[None, :] / FINE
    y = (np.arange(size.height * FINE) + 0.5)[:, None] / FINE
    points = is_inside(x, y).reshape(size.height, FINE, size.width, FINE)
    return np.asarray(255 * points.mean(axis=(1, 3)))


def in_ellipse(left: float, top: float, width: float, height: float) -> Callable[[Array, Array], Array]:
    return lambda x, y: np.hypot((x - left) / width * 2 - 1, (y - top) / height * 2 - 1) <= 1


def in_round_rectangle(size: Size, radii: tuple[float, ...]) -> Callable[[Array, Array], Array]:
    def is_inside(x: Array, y: Array) -> Array:
        inside = np.ones((y.size, x.size), bool)
        for index, radius in enumerate(radii):
            across = x if index in (0, 3) else size.width - x
            down = y if index in (0, 1) else size.height - y
            is_corner = (across < radius) & (down < radius)
            inside &= ~is_corner | (np.hypot(radius - across, radius - down) <= radius)
        return inside

    return is_inside


def in_polygon(size: Size, points: tuple[float, ...]) -> Callable[[Array, Array], Array]:
    """Even-odd, by the number of edges that a ray to the left meets."""
    corners = np.reshape(points, (-1, 2)) * size

    def is_inside(x: Array, y: Array) -> Array:
        inside = np.zeros((y.size, x.size), bool)
        for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            if y0 != y1:
                inside ^= ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
        return inside

    return is_inside


def alpha_of(image: Image.Image) -> Array:
    return np.asarray(image.convert("RGBA").getchannel("A"), dtype=float)


class TestShapes:
    SIZE = Size(97, 60)

    @pytest.mark.parametrize(
        ("values", "is_inside"),
        [
            pytest.param({"shape": "circle"}, in_ellipse(18, 0, 60, 60), id="circle"),
            pytest.param({"shape": "ellipse"}, in_ellipse(0, 0, 97, 60), id="ellipse"),
            pytest.param({"shape": "rectangle"}, in_round_rectangle(SIZE, (0, 0, 0, 0)), id="rectangle"),
            pytest.param(
                {"shape": "rectangle", "radius": (12.5,)},
                in_round_rectangle(SIZE, (12.5,) * 4),
                id="one radius",
            ),
            pytest.param(
                {"shape": "rectangle", "radius": (20, 5)},
                in_round_rectangle(SIZE, (20, 5, 20, 5)),
                id="two radii: opposite corners",
            ),
            pytest.param(
                {"shape": "rectangle", "radius": (20, 5, 30, 0)},
                in_round_rectangle(SIZE, (20, 5, 30, 0)),
                id="four radii, clockwise",
            ),
            pytest.param(
                {"shape": "rectangle", "radius": (1000,)},
                in_round_rectangle(SIZE, (30,) * 4),
                id="radii that are too large shrink",
            ),
            pytest.param(
                {"shape": "polygon", "points": (0, 0, 1, 0.5, 0.2, 1)},
                in_polygon(SIZE, (0, 0, 1, 0.5, 0.2, 1)),
                id="triangle",
            ),
            pytest.param(
                {"shape": "polygon", "points": STAR}, in_polygon(SIZE, STAR), id="a star has a hole"
            ),
            pytest.param(
                {"shape": "polygon", "points": (0, 0, 1, 0, 1, 1, 0, 1)},
                in_polygon(SIZE, (0, 0, 1, 0, 1, 1, 0, 1)),
                id="all of the image",
            ),
        ],
    )
    def test_a_pixel_shows_by_its_share_inside(
        self, values: dict[str, Any], is_inside: Callable[[Array, Array], Array]
    ) -> None:
        """Four exact lines per row leave an error of an eighth of 255 if an edge is nearly level, and no bias."""
        alpha = alpha_of(made.done(Mask(**values), made.picture(*self.SIZE)))
        error = alpha - share_inside(self.SIZE, is_inside)
        assert np.abs(error).max() <= 255 / 8 + 1
        assert abs(error.mean()) <= 0.1

    @pytest.mark.parametrize(
        ("values", "size"),
        [
            pytest.param({"shape": "circle"}, (60, 60), id="circle"),
            pytest.param({"shape": "ellipse"}, (97, 60), id="ellipse"),
            pytest.param(
                {"shape": "polygon", "points": (0.25, 0.1, 0.5, 0.1, 0.5, 0.3)}, (25, 12), id="polygon"
            ),
            pytest.param({"shape": "polygon", "points": (1, 1) * 3}, (1, 1), id="a point has nothing inside"),
        ],
    )
    def test_trim_cuts_to_the_shape(self, values: dict[str, Any], size: tuple[int, int]) -> None:
        operation, image = Mask(**values, trim=True), made.picture(*self.SIZE)
        result = made.done(operation, image)
        assert result.size == size == measure(operation, self.SIZE)
        whole = made.done(Mask(**values), image)
        box = whole.getbbox() or (96, 59, 97, 60)
        assert made.furthest(result, whole.crop(box), "RGBA") == 0

    def test_a_mask_and_its_inverse_are_all(self) -> None:
        masks = [made.done(Mask(shape="circle", invert=invert), made.picture()) for invert in (False, True)]
        assert (alpha_of(masks[0]) + alpha_of(masks[1]) == 255).all()

    @pytest.mark.parametrize("sigma", [1.0, 4.0, 15.0])
    @pytest.mark.parametrize("shape", ["circle", "rectangle"])
    def test_feather_is_a_gaussian_of_the_edge(self, shape: Any, sigma: float) -> None:
        """Pillow's is three boxes: at most 3 % from a Gaussian. Beyond the image nothing is seen either."""
        sharp, soft = (
            alpha_of(made.done(Mask(shape=shape, feather=value), made.picture())) for value in (0.0, sigma)
        )
        expected = ndimage.gaussian_filter(sharp, sigma, mode="constant", truncate=6)
        assert np.abs(soft - expected).max() <= 0.03 * 255
