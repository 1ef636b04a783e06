"""Facts from an image's header, read before any pixel is decoded and checked against the limits.

Only decode.py, the door, may call this module. It translates the exceptions that a decoder raises."""

from contextlib import suppress
from dataclasses import dataclass

from PIL import ExifTags, Image, ImageFile

from progimage.errors import ImageTooLarge, UnprocessableImage
from transforms.color.description import NO_COLOR_SPACE, ColorSpace
from transforms.formats.table import Format
from transforms.geometry import Size
from transforms.limits import Limits
from transforms.orientation import upright_size

from .colors import read_color, read_color_space

_MAX_DURATION_MS = 655_350
"""The longest that GIF can express."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """The facts of an image. Width and height are px as stored."""

    format: str
    media_type: str
    width: int
    height: int
    frames: int
    has_alpha: bool
    orientation: int
    """EXIF 1-8, still to be applied. It is 1 if the decoder itself turns the image."""
    color_space: ColorSpace = NO_COLOR_SPACE
    is_hdr: bool = False
    """Whether the source has light beyond the white of a page."""

    @property
    def stored(self) -> Size:
        return Size(self.width, self.height)

    @property
    def upright(self) -> Size:
        """The size in px that the image has once its orientation has been applied."""
        return upright_size(self.stored, self.orientation)


def read_header(
    image: ImageFile.ImageFile,
    format: Format,
    limits: Limits,
) -> Header:
    """Read the header. Raise ImageTooLarge, or UnprocessableImage if a side has no px."""
    size = Size(*image.size)
    frames = _count_frames(image, format)
    _check_size(size, frames, limits)
    description = read_color(image, format, limits)
    return Header(
        format=format.name,
        media_type=format.media_type,
        width=size.width,
        height=size.height,
        frames=frames,
        has_alpha=image.has_transparency_data,
        orientation=1 if format.is_decoded_upright else _read_orientation(image),
        color_space=read_color_space(image, format, description),
        is_hdr=description.is_hdr,
    )


def read_plays(image: Image.Image, format: Format) -> int:
    """Return the number of times that an animation plays; 0 is for ever."""
    loop = _read_number(image, "loop")
    if not format.loops_count_repeats:
        return loop or 0
    if loop is None:
        return 1
    return loop + 1 if loop else 0


def read_duration_ms(image: Image.Image) -> int:
    """Return the time for which the current frame is shown, at most the longest that GIF can express."""
    duration = _read_number(image, "duration") or 0
    return min(_MAX_DURATION_MS, max(0, duration))


def too_large(limits: Limits) -> ImageTooLarge:
    return ImageTooLarge(
        f"Expected an image of at most {limits.max_pixels:,} pixels but received a larger one"
    )


def _count_frames(image: ImageFile.ImageFile, format: Format) -> int:
    if not format.is_animated:
        return 1
    frames = int(getattr(image, "n_frames", 1))
    return max(1, frames - 1) if image.info.get("default_image") else frames


def _check_size(size: Size, frames: int, limits: Limits) -> None:
    if min(size) < 1:
        raise UnprocessableImage("Expected an image of at least 1 x 1 px")
    if size.pixels > limits.max_pixels:
        raise too_large(limits)
    if frames > limits.max_frames:
        raise ImageTooLarge(f"Expected at most {limits.max_frames} frames but received {frames}")
    total_pixels = size.pixels * frames
    if total_pixels > limits.max_total_pixels:
        raise ImageTooLarge(
            f"Expected at most {limits.max_total_pixels:,} pixels over all frames"
            f" but received {total_pixels:,}"
        )


def _read_number(image: Image.Image, name: str) -> int | None:
    """Return a number that the image tells.

    In a PNG a text may have any name, so the value may be no number."""
    value = image.info.get(name)
    return int(value) if isinstance(value, int | float) else None


def _read_orientation(image: ImageFile.ImageFile) -> int:
    """Return the orientation; 1 if the metadata are broken. They are no reason to refuse an image."""
    with suppress(Exception):
        # PngImageFile.getexif() would decode the image first
        exif = Image.Image.getexif(image)
        value = exif.get(ExifTags.Base.Orientation)
        return value if isinstance(value, int) and 1 <= value <= 8 else 1
    return 1
