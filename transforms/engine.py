"""The pipeline: one source and one resolved transform become one file.

It reads as a table of contents. STEPS lists the steps in order, and each one first says when it does
nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from typing import Any

from PIL import Image

from progimage.errors import ResultTooLarge, UnprocessableImage, UnsupportedFormat
from progimage.parameters import color_channels
from progimage.transform import Transform
from transforms.decoding.decode import Frame, Scaled, opened, read_frames, scale_decode
from transforms.decoding.header import read_plays, read_profile
from transforms.encoding.encode import Content, encode
from transforms.encoding.keep_original import prefer_original
from transforms.formats.metadata import read_metadata
from transforms.formats.table import FORMATS, Format
from transforms.planning.plan import Plan, make_plan, place_all
from transforms.render.geometry import aimed, is_open, pad, resample

from .color import to_srgb
from .geometry import Box, Placement, Size
from .limits import DEFAULT_LIMITS, Limits
from .orientation import stored_box, turn_upright, upright_size
from .render import Load, render, settle

_GLIMPSE_SIDE = 256
"""Px of the copy by which smart gravity aims a crop."""
_OPAQUE = (255, 255)

NO_OTHERS: Mapping[str, Path] = {}


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """The facts of a result, sizes in px. `frames` counts the frames before encoding; an encoder may join
    equal neighbours."""

    format: str
    media_type: str
    width: int
    height: int
    frames: int
    size_bytes: int
    sha256: str


@dataclass
class Drawing:
    """One image being drawn. Decisions that depend on pixels are made on the first frame, for all frames
    alike."""

    plan: Plan
    scaled: Scaled
    load: Load
    placement: Placement | None = None
    """In px of the upright image."""
    settled_steps: dict[int, Any] = field(default_factory=dict)
    """By the index of the step."""


def render_file(
    source: Path,
    transform: Transform,
    target: Path,
    limits: Limits = DEFAULT_LIMITS,
    others: Mapping[str, Path] = NO_OTHERS,
) -> Rendered:
    """Apply a resolved transform to the image at `source` and write the result to `target`.

    `others` holds the files of the images that operations name, by their references.
    Raise UnsupportedFormat, UnprocessableImage, ImageTooLarge or ResultTooLarge."""

    def load(reference: str) -> Image.Image:
        return load_still(others[reference], limits)

    with opened(source, limits) as (image, header):
        plan = make_plan(image, header, transform, limits)
        plays = read_plays(image, FORMATS[header.format])
        scaled = scale_decode(image, header, plan.decode_scale, is_luma_alone=plan.is_luma_alone)
        drawing = Drawing(plan, scaled, load)
        frames = []
        for frame in read_frames(scaled.image, header, plan.frames, limits):
            drawn = draw(frame.image, drawing)
            frames.append(Frame(drawn, frame.duration_ms))
        metadata = read_metadata(image, source, plan.output.metadata, limits)
    try:
        encode(Content(frames, plays, metadata), plan.output, plan.format, target)
    except ResultTooLarge:
        if not prefer_original(source, header, transform, target):
            raise
    else:
        prefer_original(source, header, transform, target)
    size = Size(*frames[0].image.size)
    return describe(target, size, len(frames), plan.format)


def load_still(path: Path, limits: Limits = DEFAULT_LIMITS) -> Image.Image:
    """Return the first frame of another image in the form that operations take. Raise the errors of
    `render_file`."""
    try:
        with opened(path, limits) as (image, header):
            frame = next(read_frames(image, header, 1, limits))
            profile = read_profile(image, limits)
            upright = turn_upright(frame.image, header.orientation)
            return to_rgb(to_srgb(upright, profile))
    except (UnsupportedFormat, UnprocessableImage) as error:
        raise type(error)(f"Of another image that the transform names: {error.message}") from error


def draw(image: Image.Image, drawing: Drawing) -> Image.Image:
    """Take one frame through every step."""
    for step in STEPS:
        image = step(image, drawing)
    return image


def aim(image: Image.Image, drawing: Drawing) -> Image.Image:
    """Decide which part the leading operations cut. The image stays as it is."""
    if drawing.placement is not None:
        return image
    plan = drawing.plan
    leading = plan.leading
    if any(is_open(operation) for operation in leading):
        glimpse = glance(image, plan)
        leading = tuple(aimed(operation, glimpse, plan.header.upright) for operation in leading)
    drawing.placement = place_all(leading, plan.header.upright)
    return image


def glance(image: Image.Image, plan: Plan) -> Image.Image:
    """Return a small upright copy in sRGB."""
    factor = max(1, max(image.size) // _GLIMPSE_SIDE)
    upright = turn_upright(image.reduce(factor), plan.header.orientation)
    return to_rgb(to_srgb(upright, plan.profile))


def sample(image: Image.Image, drawing: Drawing) -> Image.Image:
    """Do the leading operations in one resampling of the decoded image, before it is turned upright."""
    header = drawing.plan.header
    placement = _get_placement(drawing)

    def in_decoded_px(box: Box) -> Box:
        stored = stored_box(box, header.upright, header.orientation)
        return stored.scaled(drawing.scaled.across, drawing.scaled.down)

    return resample(
        image,
        in_decoded_px(placement.box),
        upright_size(placement.size, header.orientation),
        in_decoded_px(placement.bounds) if placement.bounds else None,
    )


def apply_orientation(image: Image.Image, drawing: Drawing) -> Image.Image:
    return turn_upright(image, drawing.plan.header.orientation)


def convert_colors(image: Image.Image, drawing: Drawing) -> Image.Image:
    return to_srgb(image, drawing.plan.profile)


def pad_canvas(image: Image.Image, drawing: Drawing) -> Image.Image:
    return pad(image, _get_placement(drawing))


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


STEPS: tuple[Callable[[Image.Image, Drawing], Image.Image], ...] = (
    aim,
    sample,
    apply_orientation,
    convert_colors,
    pad_canvas,
    operate,
    flatten,
)


def _get_placement(drawing: Drawing) -> Placement:
    if drawing.placement is None:
        raise ValueError("Expected a drawing that has been aimed")
    return drawing.placement


def describe(target: Path, size: Size, frames: int, format: Format) -> Rendered:
    """Return the facts of the file at `target`."""
    with target.open("rb") as file:
        sha256 = file_digest(file, "sha256").hexdigest()
        size_bytes = file.tell()
    return Rendered(
        format=format.name,
        media_type=format.media_type,
        width=size.width,
        height=size.height,
        frames=frames,
        size_bytes=size_bytes,
        sha256=sha256,
    )
