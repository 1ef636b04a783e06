"""Encoding: frames in the working modes become the bytes of a format.

The same frames become the same bytes. The result holds no metadata except those passed in, and nothing that
a decoder left in an image."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from errno import EFBIG
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from zlib import Z_DEFAULT_STRATEGY

from PIL import Image

from progimage.errors import UnprocessableImage
from progimage.operations import Output
from transforms.decoding.frames import Frame
from transforms.formats.metadata import Metadata
from transforms.formats.png_rows import RowFilter, pack_rows
from transforms.formats.save_options import ROW_FILTER, EncodeTask, png_level
from transforms.formats.table import Format

from .animation import Playback, animation_options, with_distinct_key, write_times
from .few_colors import with_few_colors
from .fit_bytes import MAX_ATTEMPTS, fit_bytes, too_large
from .gain_map_writer import attach, with_container
from .in_kind import FEW_TONES, GREYS, in_kind
from .palette import to_palette
from .pixels_and_metadata import png_of


class Content(NamedTuple):
    """The content of a result. An animation plays `plays` times; 0 is for ever.

    `source_mode` is Pillow's mode of the source. `is_filtered` says that more than its geometry changed."""

    frames: Sequence[Frame]
    plays: int
    metadata: Metadata
    source_mode: str
    is_filtered: bool
    gain_map: bytes = b""
    """The JPEG of a gain map that goes behind the picture."""


def encode(
    content: Content,
    output: Output,
    format: Format,
) -> bytes:
    """Return `content` as the bytes of a format.

    Raise ResultTooLarge, UnprocessableImage if the encoder fails."""
    if content.gain_map:
        described = with_container(content.metadata, len(content.gain_map))
        content = content._replace(metadata=described)
    images = _in_one_mode([frame.image for frame in content.frames], format)
    if output.colors:
        images = to_palette(images, output, is_indexed=format.is_indexed)
        if format.is_indexed and len(images) > 1:
            images = with_distinct_key(images)
    elif len(images) == 1:
        images = [in_kind(images[0], content.source_mode, format)]
    # not to the file itself: Pillow takes a short write, as to a full disk, for a complete one
    with _translated():
        if output.max_bytes:
            return _write_within(output.max_bytes, content, images, output, format)
        return _write_smallest(content, images, output, format)


def write_file(target: Path, result: bytes) -> None:
    """Write a result to its file. Raise UnprocessableImage if a child may not write so much, else OSError."""
    with _translated():
        target.write_bytes(result)


def _write_within(
    max_bytes: int,
    content: Content,
    images: list[Image.Image],
    output: Output,
    format: Format,
) -> bytes:
    """Return a result of at most `max_bytes`. Raise ResultTooLarge if there is none."""
    top = output.quality
    if top is None:
        written = _write_smallest(content, images, output, format)
        if len(written) > max_bytes:
            raise too_large(max_bytes, len(written), "without loss")
        return written
    attempts = min(MAX_ATTEMPTS, format.max_fitting_pixels // _count_pixels(images))

    def write(quality: int) -> bytes:
        attempt = replace(output, quality=quality)
        return _write(content, images, attempt, format, attempts=attempts)

    start = min(top, format.quality or top)
    return fit_bytes(write, max_bytes, start=start, top=top, attempts=attempts)


def _write_smallest(
    content: Content,
    images: list[Image.Image],
    output: Output,
    format: Format,
) -> bytes:
    """Return the result, with few colours if its source had few and that takes fewer bytes."""
    written = _write(content, images, output, format)
    has_choice = len(images) == 1 and not output.colors and "P" in format.kinds
    if not has_choice or content.source_mode not in FEW_TONES:
        return written
    is_exact = content.is_filtered or content.source_mode in GREYS
    reduced = with_few_colors(images[0], is_exact=is_exact)
    if reduced is None or not _can_hold(format, reduced):
        return written
    if reduced.mode == "P":
        return min(written, _write(content, [reduced], output, format), key=len)
    level = png_level(EncodeTask(output, [reduced], _count_pixels([reduced]), 1))
    # the differences of neighbours are many more than the colours
    rows = pack_rows(reduced, RowFilter.NONE, level, Z_DEFAULT_STRATEGY)
    return min(written, png_of(reduced, rows, format, content.metadata), key=len)


def _can_hold(format: Format, reduced: Image.Image) -> bool:
    """Whether few colours help in this format.

    Only a PNG has translucent colours in its palette, and packs few colours better without its filters."""
    return format.name == "png" or (reduced.mode == "P" and "transparency" not in reduced.info)


def _write(
    content: Content,
    images: list[Image.Image],
    output: Output,
    format: Format,
    *,
    attempts: int = 1,
) -> bytes:
    options = format.options(EncodeTask(output, images, _count_pixels(images), attempts))
    row_filter = options.pop(ROW_FILTER, None)
    if row_filter is not None:
        rows = pack_rows(images[0], row_filter, options["compress_level"], options["compress_type"])
        return png_of(images[0], rows, format, content.metadata)
    durations_ms = [frame.duration_ms for frame in content.frames]
    playback = Playback(durations_ms, min(content.plays, format.max_plays))
    is_animation = len(images) > 1
    if is_animation:
        options |= animation_options(playback, images, format)
    if format.embed:
        options |= format.embed(content.metadata)
    buffer = BytesIO()
    images[0].save(buffer, format.pillow, **options)
    if format.append:
        format.append(buffer, content.metadata)
    written = buffer.getvalue()
    if content.gain_map:
        return attach(written, content.gain_map)
    return write_times(written, playback, format) if is_animation else written


def _count_pixels(images: list[Image.Image]) -> int:
    return len(images) * images[0].width * images[0].height


def _in_one_mode(images: list[Image.Image], format: Format) -> list[Image.Image]:
    """Return images in one mode, without the comments, tags and profiles that a decoder left in them."""
    modes = {image.mode for image in images}
    mode = "RGBA" if "RGBA" in modes else "RGB"
    if modes == {"L"} and format.has_gray:
        mode = "L"
    converted = []
    for image in images:
        plain = _detached(image) if image.mode == mode else image.convert(mode)
        plain.info = {}
        converted.append(plain)
    return converted


def _detached(image: Image.Image) -> Image.Image:
    """Return the image as a plain one that no decoder is attached to."""
    if type(image) is Image.Image:
        return image
    # copy() does the same and takes 30 ms for 12 megapixels
    return image._new(image.im)  # noqa: SLF001


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except MemoryError as error:
        raise UnprocessableImage("The result needs more memory than a render may take") from error
    except (OSError, ValueError, RuntimeError) as error:
        # an error with a number is the disk's; EFBIG is the limit on a child's output
        if isinstance(error, OSError) and error.errno not in (None, EFBIG):
            raise
        raise UnprocessableImage("The result cannot be written in this format") from error
