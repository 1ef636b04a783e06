"""The steps of the pipeline, in the order of engine.STEPS. Each
first says when it does nothing to a frame."""

from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from progimage.parameters import color_channels
from transforms.decoding.scaled import Scaled
from transforms.planning.plan import Plan, place_all
from transforms.render.geometry import aimed, is_open, pad
from transforms.render.resampling import resample_upright, within_bounds

from .color import to_srgb
from .geometry import Box, Placement
from .orientation import stored_box, turn_upright
from .render import Load, render, settle

_GLIMPSE_SIDE = 256
"""Px of the copy by which smart gravity aims a crop."""
_OPAQUE = (255, 255)


@dataclass
class Drawing:
    """One image being drawn.

    Decisions that depend on pixels are made on the first frame, for all frames alike."""

    plan: Plan
    scaled: Scaled
    load: Load
    placement: Placement | None = None
    """In px of the upright image."""
    settled_steps: dict[int, Any] = field(default_factory=dict)
    """By the index of the step."""


def aim(image: Image.Image, drawing: Drawing) -> Image.Image:
    """Decide which part the leading operations cut. The image stays as it is."""
    if drawing.placement is not None:
        return image
    plan = drawing.plan
    leading = plan.leading
    upright = plan.header.upright
    if any(is_open(operation) for operation in leading):
        glimpse = glance(image, plan)
        leading = tuple(aimed(operation, glimpse, upright) for operation in leading)
    drawing.placement = place_all(leading, upright)
    return image


def glance(image: Image.Image, plan: Plan) -> Image.Image:
    """Return a small upright copy in sRGB."""
    factor = max(1, max(image.size) // _GLIMPSE_SIDE)
    upright = turn_upright(image.reduce(factor), plan.header.orientation)
    return to_rgb(to_srgb(upright, plan.colors))


def sample(image: Image.Image, drawing: Drawing) -> Image.Image:
    """Turn the decoded image upright, and do the leading operations in one resampling.

    A resampling rounds and clips between its two passes, and groups px from the left and from above. Before
    the turn it would be up to 44 levels off that of the upright image. A crop is cut first."""
    header = drawing.plan.header
    placement = get_placement(drawing)

    def in_decoded_px(box: Box) -> Box:
        stored = stored_box(box, header.upright, header.orientation)
        return stored.scaled(drawing.scaled.across, drawing.scaled.down)

    box = in_decoded_px(placement.box)
    if placement.bounds:
        image, box = within_bounds(image, box, in_decoded_px(placement.bounds))
    return resample_upright(image, box, placement.size, header.orientation)


def convert_colors(image: Image.Image, drawing: Drawing) -> Image.Image:
    return to_srgb(image, drawing.plan.colors)


def pad_canvas(image: Image.Image, drawing: Drawing) -> Image.Image:
    return pad(image, get_placement(drawing))


def operate(image: Image.Image, drawing: Drawing) -> Image.Image:
    """Do the remaining operations one after the other."""
    for index, step in enumerate(drawing.plan.steps):
        image = to_rgb(image)
        if index not in drawing.settled_steps:
            drawing.settled_steps[index] = settle(step, image, drawing.load)
        image = render(drawing.settled_steps[index], image)
    return image


def to_rgb(image: Image.Image) -> Image.Image:
    """Return a grey image in RGB, which operations take, and any other image as it is."""
    return image.convert("RGB") if image.mode == "L" else image


def flatten(image: Image.Image, drawing: Drawing) -> Image.Image:
    """Lay the image over the background, and drop an alpha that is opaque or that the format cannot hold."""
    if image.mode != "RGBA":
        return image
    plan = drawing.plan
    if plan.output.background:
        color = color_channels(plan.output.background)
        background = Image.new("RGBA", image.size, color)
        background.alpha_composite(image)
        image = background
    alpha = image.getchannel("A")
    if alpha.getextrema() == _OPAQUE:
        return image.convert("RGB")
    if plan.format.has_alpha:
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=alpha)
    return white


def get_placement(drawing: Drawing) -> Placement:
    if drawing.placement is None:
        raise ValueError("Expected a drawing that has been aimed")
    return drawing.placement
