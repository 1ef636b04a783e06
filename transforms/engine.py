"""The pipeline: one source and one resolved transform to one file.

A table of contents: the steps stand in STEPS in their order, and each first says when it does nothing."""

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
from transforms.decoding.header import Header, read_plays, read_profile
from transforms.encoding.encode import Content, encode
from transforms.encoding.keep_original import prefer_original
from transforms.formats.metadata import read_metadata
from transforms.formats.table import FORMATS, Format
from transforms.planning.plan import Plan, make_plan, place_all
from transforms.render.geometry import aimed, is_open, pad, resample

from .color import to_srgb
from .geometry import Box, Placement, Size, stored_box, upright_size
from .limits import DEFAULT_LIMITS, Limits
from .render import Load, render, settle

_GLIMPSE_SIDE = 256
"""Px, of what a crop is aimed by."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
NO_OTHERS: Mapping[str, Path] = {}


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """What was written, sizes in px. Where neighbouring frames are alike an encoder may join them."""

    format: str
    media_type: str
    width: int
    height: int
    frames: int
    size_bytes: int
    sha256: str


@dataclass
class Drawing:
    """One image being drawn. The first frame settles what depends on pixels, for all frames alike."""

    plan: Plan
    scaled: Scaled
    load: Load
    placement: Placement | None = None
    """Of the upright image."""
    steps: dict[int, Any] = field(default_factory=dict)


def render_file(
    source: Path,
    transform: Transform,
    target: Path,
    limits: Limits = DEFAULT_LIMITS,
    others: Mapping[str, Path] = NO_OTHERS,
) -> Rendered:
    """Do a resolved transform to the image at `source` and write the result to `target`.

    `others` are the files of the images that operations name, by their references.
    Raises UnsupportedFormat, UnprocessableImage or ImageTooLarge."""
    with opened(source, limits) as (image, header):
        plan = make_plan(image, header, transform, limits)
        plays = read_plays(image, FORMATS[header.format])
        scaled = scale_decode(image, header, plan.decode_scale, is_luma_alone=plan.is_luma_alone)
        drawing = Drawing(plan, scaled, lambda reference: load_still(others[reference], limits))
        frames = [
            Frame(draw(frame.image, drawing), frame.duration_ms)
            for frame in read_frames(scaled.image, header, plan.frames, limits)
        ]
        metadata = read_metadata(image, source, plan.output.metadata, limits)
    try:
        encode(Content(frames, plays, metadata), plan.output, plan.format, target)
    except ResultTooLarge:
        if not prefer_original(source, header, transform, target):
            raise
    else:
        prefer_original(source, header, transform, target)
    return describe(target, Size(*frames[0].image.size), len(frames), plan.format)


def load_still(path: Path, limits: Limits = DEFAULT_LIMITS) -> Image.Image:
    """Return the first frame of another image as operations take it. Raises as `render_file`."""
    try:
        with opened(path, limits) as (image, header):
            frame = next(read_frames(image, header, 1, limits)).image
            return widen(to_srgb(upright(frame, header), read_profile(image, limits)))
    except (UnsupportedFormat, UnprocessableImage) as error:
        raise type(error)(f"Of another image that the transform names: {error.message}") from error


def draw(image: Image.Image, drawing: Drawing) -> Image.Image:
    """Take one frame through every step."""
    for step in STEPS:
        image = step(image, drawing)
    return image


def aim(image: Image.Image, drawing: Drawing) -> Image.Image:
    """Decide where the leading operations cut; the image stays as it is."""
    plan = drawing.plan
    if drawing.placement is None:
        leading = plan.leading
        if any(map(is_open, leading)):
            glimpse = glance(image, plan)
            leading = tuple(aimed(operation, glimpse, plan.header.upright) for operation in leading)
        drawing.placement = place_all(leading, plan.header.upright)
    return image


def glance(image: Image.Image, plan: Plan) -> Image.Image:
    """Return a small upright copy in sRGB."""
    small = image.reduce(max(1, max(image.size) // _GLIMPSE_SIDE))
    return widen(to_srgb(upright(small, plan.header), plan.profile))


def sample(image: Image.Image, drawing: Drawing) -> Image.Image:
    header, placement = drawing.plan.header, _placed(drawing)

    def decoded(part: Box) -> Box:
        stored = stored_box(part, header.upright, header.orientation)
        return stored.scaled(drawing.scaled.across, drawing.scaled.down)

    bounds = placement.bounds and decoded(placement.bounds)
    size = upright_size(placement.size, header.orientation)
    return resample(image, decoded(placement.box), size, bounds)


def turn_upright(image: Image.Image, drawing: Drawing) -> Image.Image:
    return upright(image, drawing.plan.header)


def upright(image: Image.Image, header: Header) -> Image.Image:
    turn = _TURNS.get(header.orientation)
    return image if turn is None else image.transpose(turn)


def convert_colors(image: Image.Image, drawing: Drawing) -> Image.Image:
    return to_srgb(image, drawing.plan.profile)


def pad_canvas(image: Image.Image, drawing: Drawing) -> Image.Image:
    return pad(image, _placed(drawing))


def operate(image: Image.Image, drawing: Drawing) -> Image.Image:
    for index, step in enumerate(drawing.plan.steps):
        image = widen(image)
        if index not in drawing.steps:
            drawing.steps[index] = settle(step, image, drawing.load)
        image = render(drawing.steps[index], image)
    return image


def widen(image: Image.Image) -> Image.Image:
    """Return what is grey in the colours that operations take."""
    return image.convert("RGB") if image.mode == "L" else image


def flatten(image: Image.Image, drawing: Drawing) -> Image.Image:
    plan = drawing.plan
    if image.mode != "RGBA":
        return image
    if plan.output.background:
        below = Image.new("RGBA", image.size, color_channels(plan.output.background))
        below.alpha_composite(image)
        image = below
    if image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    if plan.format.has_alpha:
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


STEPS: tuple[Callable[[Image.Image, Drawing], Image.Image], ...] = (
    aim,
    sample,
    turn_upright,
    convert_colors,
    pad_canvas,
    operate,
    flatten,
)


def _placed(drawing: Drawing) -> Placement:
    if drawing.placement is None:
        raise ValueError("Expected a drawing that has been aimed")
    return drawing.placement


def describe(target: Path, size: Size, frames: int, format: Format) -> Rendered:
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
