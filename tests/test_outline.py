"""The outline of an image under an affine map."""

from math import cos, radians, sin

import numpy as np
import pytest

from transforms.geometry import Size
from transforms.render.lattice import moved
from transforms.render.outline import covered_by, outline_of

MARGIN = 4
SIZE = Size(60, 40)
CANVAS = Size(90, 80)


@pytest.mark.parametrize("angle", [3, 30, 45, 80])
def test_a_canvas_is_covered_where_the_image_is(angle: float) -> None:
    """Its area stays, and from full to nothing are two px, as far as px of an edge reach."""
    across, down = cos(radians(angle)), sin(radians(angle))
    start_x = 30 + MARGIN - across * 45 - down * 40
    start_y = 20 + MARGIN + down * 45 - across * 40
    back = (across, down, start_x, -down, across, start_y)
    outline = outline_of(SIZE, CANVAS, MARGIN)
    covered = np.asarray(covered_by(outline, CANVAS, back))
    y, x = np.indices((80, 90)) + 0.5
    column = across * x + down * y + start_x - MARGIN
    row = across * y - down * x + start_y - MARGIN
    depth = np.minimum(np.minimum(column, 60 - column), np.minimum(row, 40 - row))
    assert (covered[depth > 1] == 255).all()
    assert (covered[depth < -1] == 0).all()
    assert covered.sum() / 255 == pytest.approx(60 * 40, rel=0.005)
    part = np.asarray(covered_by(outline, Size(20, 10), moved(back, 15, 33)))
    assert np.abs(part.astype(int) - covered[33:43, 15:35]).max() <= 1


def test_it_is_as_fine_as_16_bits_allow() -> None:
    assert outline_of(SIZE, CANVAS, MARGIN).steps == 23_000 // 90
    assert outline_of(SIZE, Size(9_000, 10), MARGIN).steps == 16
