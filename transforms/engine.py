"""The pipeline: one source and one resolved transform to one file.

A table of contents: the steps stand in STEPS in their order, and each first says when it does nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import file_digest
from math import sqrt
from pathlib import Path

from PIL import Image, ImageFile

from progimage.errors import ImageTooLarge
from progimage.operations import Operation, Output, Resize, Transform, color_channels

from .color import to_srgb
from .decode import Frame, opened, read_frames, scale_decode
from .encode import Content, encode
from .formats import FORMATS, Format
from .geometry import Box, Placement, Size, decode_scale, keep, stored_box, upright_size
from .header import Header, read_plays, read_profile
from .limits import DEFAULT_LIMITS, Limits
from .metadata import read_metadata
from .render import measure, place, render
from .render.geometry import pad, resample

_DRAFT_MARGIN = 1.25
"""Least px of a scaled decode per px of the result. Twelve photographs to 300 px, against a full decode: with
1.0 the worst has 42 dB and all take 148 ms; 1.25: 45 dB, 172 ms; 1.5: 49 dB, 197 ms; 2.0: 52 dB, 225 ms."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


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


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that is known before the first pixel. `placement` is of the upright image, `operations` follow."""

    header: Header
    output: Output
    format: Format
    placement: Placement
    operations: tuple[Operation, ...]
    frames: int
    decode_scale: int
    profile: bytes | None

    @property
    def sampled_box(self) -> Box:
        """The box of the placement in the image as it was decoded."""
        box = stored_box(self.placement.box, self.header.upright, self.header.orientation)
        return box.divided(self.decode_scale)

    @property
    def sampled_size(self) -> Size:
        return upright_size(self.placement.size, self.header.orientation)


def render_file(
    source: Path, transform: Transform, target: Path, limits: Limits = DEFAULT_LIMITS
) -> Rendered:
    """Do a resolved transform to the image at `source` and write the result to `target`.

    Raises UnsupportedFormat, UnprocessableImage or ImageTooLarge."""
    with opened(source, limits) as (image, header):
        plan = make_plan(image, header, transform, limits)
        plays = read_plays(image, FORMATS[header.format])
        scale_decode(image, header, plan.decode_scale)
        frames = [
            Frame(draw(frame.image, plan), frame.duration_ms)
            for frame in read_frames(image, header, plan.frames, limits)
        ]
        metadata = read_metadata(image, source, plan.output.metadata, limits)
    encode(Content(frames, plays, metadata), plan.output, plan.format, target)
    return describe(target, Size(*frames[0].image.size), len(frames), plan.format)


def make_plan(image: ImageFile.ImageFile, header: Header, transform: Transform, limits: Limits) -> Plan:
    """Decide everything, and refuse what would be too large. Raises ImageTooLarge."""
    format = FORMATS[transform.output.format or header.format]
    frames = header.frames if format.is_animated else 1
    operations = check_sizes(header.upright, transform, format, frames, limits)
    placement = place(operations[0], header.upright) if operations else None
    rest = operations[1:] if placement else operations
    placement = placement or keep(header.upright)
    scalable = FORMATS[header.format].has_scaled_decode
    return Plan(
        header=header,
        output=transform.output,
        format=format,
        placement=placement,
        operations=rest,
        frames=frames,
        decode_scale=decode_scale(placement.box, placement.size, margin=_DRAFT_MARGIN) if scalable else 1,
        profile=read_profile(image, limits),
    )


def check_sizes(
    size: Size, transform: Transform, format: Format, frames: int, limits: Limits
) -> tuple[Operation, ...]:
    """Return the operations, a last reduction included where the format needs it.

    Raises ImageTooLarge for any size on the way, and for a result beyond the format's ceiling."""
    operations = transform.operations
    most = max(size.pixels, limits.max_enlarged_pixels)
    for operation in operations:
        size = measure(operation, size)
        refuse_beyond(size, limits.max_output_side, most, what=f"from {operation.name}")
    if format.shrinks_to and max(size) > format.shrinks_to:
        return (*operations, Resize(width=format.shrinks_to, height=format.shrinks_to))
    ceiling = format.max_lossless_pixels if transform.output.lossless else format.max_pixels
    shown = f"as {format.name}" if frames == 1 else f"as {format.name} with {frames} frames"
    refuse_beyond(size, min(limits.max_output_side, format.max_side), ceiling // frames, what=shown)
    return operations


def refuse_beyond(size: Size, max_side: int, max_pixels: int, *, what: str) -> None:
    factor = min(max_side / max(size), sqrt(max_pixels / size.pixels))
    if factor >= 1:
        return
    largest = Size(*(max(1, int(side * factor + 1e-9)) for side in size))
    raise ImageTooLarge(
        f"Expected a result {what} of at most {largest.width} x {largest.height} px in these proportions"
        f" but it would have {size.width} x {size.height} px"
    )


def draw(image: Image.Image, plan: Plan) -> Image.Image:
    """Take one frame through every step."""
    for step in STEPS:
        image = step(image, plan)
    return image


def sample(image: Image.Image, plan: Plan) -> Image.Image:
    return resample(image, plan.sampled_box, plan.sampled_size)


def turn_upright(image: Image.Image, plan: Plan) -> Image.Image:
    turn = _TURNS.get(plan.header.orientation)
    return image if turn is None else image.transpose(turn)


def convert_colors(image: Image.Image, plan: Plan) -> Image.Image:
    return to_srgb(image, plan.profile)


def pad_canvas(image: Image.Image, plan: Plan) -> Image.Image:
    return pad(image, plan.placement)


def operate(image: Image.Image, plan: Plan) -> Image.Image:
    for operation in plan.operations:
        image = render(operation, image)
    return image


def flatten(image: Image.Image, plan: Plan) -> Image.Image:
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


STEPS: tuple[Callable[[Image.Image, Plan], Image.Image], ...] = (
    sample,
    turn_upright,
    convert_colors,
    pad_canvas,
    operate,
    flatten,
)


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
