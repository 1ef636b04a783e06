"""Writing: frames in the working modes to the bytes of a format, always the same bytes.

No metadata but those that are given: what a decoder left in an image is taken away."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from errno import EFBIG
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from progimage.errors import UnprocessableImage
from progimage.operations import Output

from .decode import Frame
from .formats import Format, SaveOptions
from .geometry import Size
from .metadata import Metadata

_OPAQUE_FROM = 128
"""Where a format knows only transparent and opaque."""


class Content(NamedTuple):
    """All that is written. An animation plays `plays` times; 0 is for ever."""

    frames: Sequence[Frame]
    plays: int
    metadata: Metadata


def encode(content: Content, output: Output, format: Format, target: Path) -> None:
    """Write `content` to `target`.

    Raises UnprocessableImage where the encoder gives up, OSError where the disk does."""
    images = _alike([frame.image for frame in content.frames], format)
    if format.is_indexed:
        images = [_indexed(image) for image in images]
    options = format.options(output, Size(*images[0].size), len(images))
    if len(images) > 1:
        options |= _animation(content, images, format)
    if format.embed:
        options |= format.embed(content.metadata)
    # not to the file itself: Pillow takes a short write, as to a full disk, for a whole one
    buffer = BytesIO()
    with _translated():
        images[0].save(buffer, format.pillow, **options)
        if format.append:
            format.append(buffer, content.metadata)
        target.write_bytes(buffer.getbuffer())


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


def _indexed(image: Image.Image) -> Image.Image:
    """Return at most 256 colours, one of them for what is transparent; exact where there are no more."""
    result = _quantized(image.convert("RGB"), 255 if image.mode == "RGBA" else 256)
    result.info = {}
    if image.mode == "RGBA":
        hidden = image.getchannel("A").point([255] * _OPAQUE_FROM + [0] * (256 - _OPAQUE_FROM))
        result.paste(255, mask=hidden)
        result.info["transparency"] = 255
    return result


def _quantized(image: Image.Image, count: int) -> Image.Image:
    if image.getcolors(count):
        return image.quantize(count, method=Image.Quantize.MEDIANCUT)
    # median cut would find a palette 1.5 dB worse, in 15 times the time
    palette = image.quantize(count, method=Image.Quantize.FASTOCTREE)
    return image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, RuntimeError) as error:
        # an error with a number is the disk's; EFBIG is our own limit on the size of a file
        if isinstance(error, OSError) and error.errno not in (None, EFBIG):
            raise
        raise UnprocessableImage("The result cannot be written in this format") from error
