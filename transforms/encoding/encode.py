"""Writing: frames in the working modes to the bytes of a format, always the same bytes.

No metadata but those that are given: what a decoder left in an image is taken away."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from errno import EFBIG
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from progimage.errors import UnprocessableImage
from progimage.operations import Output
from transforms.decoding.decode import Frame
from transforms.formats.metadata import Metadata
from transforms.formats.save_options import EncodeTask, SaveOptions
from transforms.formats.table import Format

from .fit_bytes import MAX_ATTEMPTS, fit_bytes, too_large
from .palette import to_palette


class Content(NamedTuple):
    """All that is written. An animation plays `plays` times; 0 is for ever."""

    frames: Sequence[Frame]
    plays: int
    metadata: Metadata


def encode(content: Content, output: Output, format: Format, target: Path) -> None:
    """Write `content` to `target`.

    Raises ResultTooLarge, UnprocessableImage where the encoder gives up, OSError where the disk does."""
    images = _alike([frame.image for frame in content.frames], format)
    if output.colors:
        images = to_palette(images, output, is_indexed=format.is_indexed)
    # not to the file itself: Pillow takes a short write, as to a full disk, for a whole one
    with _translated():
        written = (_fit if output.max_bytes else _write)(content, images, output, format)
        target.write_bytes(written)


def _fit(content: Content, images: list[Image.Image], output: Output, format: Format) -> bytes:
    """Raises ResultTooLarge."""
    top, max_bytes = output.quality, output.max_bytes or 0
    if top is None:
        written = _write(content, images, output, format)
        if len(written) > max_bytes:
            raise too_large(max_bytes, len(written), "without loss")
        return written
    attempts = min(MAX_ATTEMPTS, format.max_fitting_pixels // _pixels(images))

    def write(quality: int) -> bytes:
        return _write(content, images, replace(output, quality=quality), format, attempts=attempts)

    return fit_bytes(write, max_bytes, start=min(top, format.quality or top), top=top, attempts=attempts)


def _write(
    content: Content, images: list[Image.Image], output: Output, format: Format, *, attempts: int = 1
) -> bytes:
    options = format.options(EncodeTask(output, images, _pixels(images), attempts))
    if len(images) > 1:
        options |= _animation(content, images, format)
    if format.embed:
        options |= format.embed(content.metadata)
    buffer = BytesIO()
    images[0].save(buffer, format.pillow, **options)
    if format.append:
        format.append(buffer, content.metadata)
    return buffer.getvalue()


def _pixels(images: list[Image.Image]) -> int:
    return len(images) * images[0].width * images[0].height


def _animation(content: Content, images: list[Image.Image], format: Format) -> SaveOptions:
    plays = content.plays
    options: SaveOptions = {"duration": [frame.duration_ms for frame in content.frames]}
    if format.loops_count_repeats:
        options |= {"loop": max(0, plays - 1)} if plays != 1 else {}
    else:
        options |= {"loop": plays}
    if format.is_indexed:
        # a transparent pixel shows the frame before unless that one is cleared
        options |= {"disposal": 2 if any("transparency" in image.info for image in images) else 1}
    return options | {"save_all": True, "append_images": images[1:]}


def _alike(images: list[Image.Image], format: Format) -> list[Image.Image]:
    """Return plain images in one mode; what a decoder left in them (comments, tags, profiles) stays."""
    modes = {image.mode for image in images}
    mode = "RGBA" if "RGBA" in modes else "RGB"
    if modes == {"L"} and format.has_gray:
        mode = "L"
    plain = [_detached(image) if image.mode == mode else image.convert(mode) for image in images]
    for image in plain:
        image.info = {}
    return plain


def _detached(image: Image.Image) -> Image.Image:
    # copy() does the same and takes 30 ms for 12 megapixels
    return image._new(image.im) if type(image) is not Image.Image else image  # noqa: SLF001


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except MemoryError as error:
        raise UnprocessableImage("The result needs more memory than a render may take") from error
    except (OSError, ValueError, RuntimeError) as error:
        # an error with a number is the disk's; EFBIG is our own limit on the size of a file
        if isinstance(error, OSError) and error.errno not in (None, EFBIG):
            raise
        raise UnprocessableImage("The result cannot be written in this format") from error
