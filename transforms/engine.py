"""The pipeline: one source and one resolved transform become one file.

It reads as a table of contents. STEPS lists the steps in order; steps.py holds them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from PIL import Image

from progimage.errors import (
    ProgImageError,
    ResultTooLarge,
    UnprocessableImage,
    UnsupportedFormat,
)
from progimage.transform import Transform
from transforms.decoding.colors import read_color
from transforms.decoding.decode import opened
from transforms.decoding.frames import Frame, read_frames
from transforms.decoding.header import Header, read_plays
from transforms.decoding.scaled import scale_decode
from transforms.encoding.encode import Content, encode, write_file
from transforms.encoding.fit_bytes import too_large
from transforms.encoding.keep_original import prefer_original
from transforms.formats.metadata import read_metadata
from transforms.formats.table import FORMATS, Format
from transforms.planning.changes import find_changes
from transforms.planning.overview import OverviewFile, seen_in_overview
from transforms.planning.plan import Plan, make_plan

from .color import to_srgb
from .gain_maps import draw_gain_map, find_kept_map
from .geometry import Size
from .limits import DEFAULT_LIMITS, Limits
from .orientation import turn_upright
from .steps import (
    Drawing,
    aim,
    convert_colors,
    flatten,
    operate,
    pad_canvas,
    sample,
    to_rgb,
)

Step = Callable[[Image.Image, Drawing], Image.Image]

STEPS: tuple[Step, ...] = (
    aim,
    sample,
    convert_colors,
    pad_canvas,
    operate,
    flatten,
)

_GEOMETRY = frozenset({"thumbnail", "rotate"})
_FEW_COLORS = frozenset({"1", "P", "PA"})
NO_OTHERS: Mapping[str, Path] = {}
MAX_CONTENT_BYTES = 64_000
"""To read a larger file again takes no more CPU time than its way through the pipe from a child."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """The facts of a result, sizes in px. `frames` counts the frames before
    encoding; an encoder may join equal neighbours."""

    format: str
    media_type: str
    width: int
    height: int
    frames: int
    size_bytes: int
    sha256: str
    content: bytes | None = field(default=None, repr=False)
    """The bytes of the file if they are few. Then it need not be read again."""


def render_file(
    source: Path | OverviewFile,
    transform: Transform,
    target: Path,
    limits: Limits = DEFAULT_LIMITS,
    others: Mapping[str, Path] = NO_OTHERS,
) -> Rendered:
    """Apply a resolved transform to the image at `source` and write the result to `target`.

    The transform of an overview is that of its original. `others` holds the files of the images that
    operations name, by their references.
    Raise UnsupportedFormat, UnprocessableImage, ImageTooLarge or ResultTooLarge."""
    facts, result = render(source, lambda _: transform, limits, others)
    write_file(target, result)
    return facts


def render(
    source: Path | OverviewFile,
    choose: Callable[[Header], Transform],
    limits: Limits,
    others: Mapping[str, Path] = NO_OTHERS,
) -> tuple[Rendered, bytes]:
    """Render as `render_file` does, and return the facts and the bytes of the result.

    `choose` returns the resolved transform for a header. Raise what it raises, too."""
    original = None
    if isinstance(source, OverviewFile):
        original = seen_in_overview(source.original)
        source = source.path

    def load(reference: str) -> Image.Image:
        try:
            return load_still(others[reference], limits)
        except ProgImageError as error:
            error.pointer = transform.pointer_to(reference)
            raise

    with opened(source, limits) as (image, header):
        transform = choose(header)
        overview = header.stored if original else None
        shown = original or header
        plan = make_plan(image, shown, transform, limits, overview=overview)
        gain_map = find_kept_map(source, plan, limits)
        plays = read_plays(image, FORMATS[header.format])
        scaled = scale_decode(
            image,
            header,
            plan.decode_scale,
            is_luma_alone=plan.is_luma_alone,
        )
        if overview:
            scaled = scaled.of_larger(overview, shown.stored)
        drawing = Drawing(plan, scaled, load)
        frames = []
        for frame in read_frames(scaled.image, header, plan.frames, limits):
            drawn = draw(frame.image, drawing)
            frames.append(Frame(drawn, frame.duration_ms))
        metadata = read_metadata(
            image,
            source,
            plan.output.metadata,
            limits,
            find_changes(transform.operations, shown),
        )
    map_content = draw_gain_map(gain_map, drawing) if gain_map else b""
    content = Content(
        frames,
        plays,
        metadata,
        plan.source_mode,
        is_filtered=_is_filtered(transform),
        gain_map=map_content,
    )
    result = _encode_or_keep(source, plan, content)
    size = Size(*frames[0].image.size)
    return describe(result, size, len(frames), plan.format), result


def _encode_or_keep(source: Path, plan: Plan, content: Content) -> bytes:
    """Return the encoded frames, or the original's own pixels if they may stand for them.

    Raise ResultTooLarge, UnprocessableImage."""
    result = b""
    failure: ResultTooLarge | None = None
    try:
        result = encode(content, plan.output, plan.format)
    except ResultTooLarge as error:
        failure = error
    original = None if content.gain_map else prefer_original(source, plan, content.metadata, result)
    if failure is None:
        return original or result
    if original is None:
        raise failure
    max_bytes = plan.output.max_bytes or 0
    if len(original) <= max_bytes:
        return original
    if len(original) < (failure.smallest_bytes or 0):
        raise too_large(max_bytes, len(original), "without loss")
    raise failure


def make_overview(
    source: Path,
    transform: Transform,
    target: Path,
    limits: Limits = DEFAULT_LIMITS,
) -> Rendered:
    """Write the overview of the original at `source` to `target`, by `overview_transform`.

    Raise the errors of `render_file`; UnprocessableImage for one bit and palettes, too. A result of theirs
    may have few colours as well, which a JPEG does not keep."""
    with opened(source, limits) as (image, _):
        if image.mode in _FEW_COLORS:
            raise UnprocessableImage("Expected an original in true colour or grey for an overview")
    return render_file(source, transform, target, limits)


def _is_filtered(transform: Transform) -> bool:
    """Whether an operation does more than to cut, resize or turn the image."""
    return any(operation.kind not in _GEOMETRY for operation in transform.operations)


def load_still(path: Path, limits: Limits = DEFAULT_LIMITS) -> Image.Image:
    """Return the first frame of another image in the form that operations take.

    Raise the errors of `render_file`."""
    try:
        with opened(path, limits) as (image, header):
            colors = read_color(image, FORMATS[header.format], limits)
            frame = next(read_frames(image, header, 1, limits))
            upright = turn_upright(frame.image, header.orientation)
            return to_rgb(to_srgb(upright, colors))
    except (UnsupportedFormat, UnprocessableImage) as error:
        raise type(error)(f"Of another image that the transform names: {error.message}") from error


def draw(image: Image.Image, drawing: Drawing) -> Image.Image:
    """Take one frame through every step."""
    for step in STEPS:
        image = step(image, drawing)
    return image


def describe(
    result: bytes,
    size: Size,
    frames: int,
    format: Format,
) -> Rendered:
    """Return the facts of a result."""
    is_small = len(result) <= MAX_CONTENT_BYTES
    return Rendered(
        format=format.name,
        media_type=format.media_type,
        width=size.width,
        height=size.height,
        frames=frames,
        size_bytes=len(result),
        sha256=sha256(result).hexdigest(),
        content=result if is_small else None,
    )
