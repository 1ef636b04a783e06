"""The outline of an image under an affine map: the share of each px of a canvas that lies inside."""

from typing import NamedTuple

from PIL import Image, ImageChops, ImageOps

from transforms.geometry import Size

from .lattice import Affine, Axis

_LEAST_STEPS = 16
_MAX_FINE_SIDE = 23_000
"""Steps per px of a turned edge. There are more while 16 bits hold a
canvas's diagonal, where Pillow is fastest."""


class Outline(NamedTuple):
    """Lines across and down an image and its margin, of so many steps per px: 255 inside of the image."""

    across: Image.Image
    down: Image.Image
    steps: int


def outline_of(size: Size, canvas: Size, margin: int) -> Outline:
    """Return the outline of an image with a margin around it, as fine as a canvas allows."""
    steps = max(_LEAST_STEPS, _MAX_FINE_SIDE // max(canvas))
    return Outline(
        across=_fine_line(size.width, margin, steps),
        down=_fine_line(size.height, margin, steps),
        steps=steps,
    )


def _fine_line(side: int, margin: int, steps: int) -> Image.Image:
    inside = Image.new("L", (side, 1), 255)
    line = ImageOps.expand(inside, (margin, 0))
    return line.resize((line.width * steps, 1), Image.Resampling.BILINEAR)


def covered_by(outline: Outline, canvas: Size, back: Affine) -> Image.Image:
    """Return the share of each px of a canvas that `back` maps into the outline."""
    inside_across = _inside(outline.across, outline.steps, canvas, back[:3])
    inside_down = _inside(outline.down, outline.steps, canvas, back[3:])
    return ImageChops.multiply(inside_across, inside_down)


def _inside(
    line: Image.Image,
    steps: int,
    canvas: Size,
    axis: Axis,
) -> Image.Image:
    fine_axis = [steps * term for term in axis]
    return line.transform(
        canvas,
        Image.Transform.AFFINE,
        (*fine_axis, 0, 0, 0.5),
        Image.Resampling.NEAREST,
    )
