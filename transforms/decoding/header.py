"""Facts from an image's header, read before any pixel is decoded and checked against the limits.

Only decode.py, the door, may call this module. It translates the exceptions that a decoder raises."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from PIL import ExifTags, Image, ImageFile

from progimage.errors import ImageTooLarge, UnprocessableImage
from transforms.color.description import NO_COLOR_SPACE, ColorSpace
from transforms.formats.table import Format
from transforms.geometry import Size
from transforms.limits import Limits
from transforms.orientation import upright_size

from .avif.avif_sequence import read_sequence
from .colors import read_color, read_color_space
from .gif import read_gif_plays
from .png.apng import find_control

_EXIF = "exif"


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

    @property
    def megapixels(self) -> float:
        """Over all frames."""
        return self.stored.pixels * self.frames / 1_000_000


def read_header(
    image: ImageFile.ImageFile,
    format: Format,
    limits: Limits,
) -> Header:
    """Read the header. Raise ImageTooLarge, or UnprocessableImage if a side has no px."""
    size = Size(*image.size)
    has_gaps = format.name == "gif" and not covers_canvas(image)
    frames = _count_frames(image, format)
    _check_size(size, frames, limits)
    if format.is_decoded_upright:
        _keep_xmp_from_turning(image)
    description = read_color(image, format, limits)
    return Header(
        format=format.name,
        media_type=format.media_type,
        width=size.width,
        height=size.height,
        frames=frames,
        has_alpha=image.has_transparency_data or has_gaps,
        orientation=1 if format.is_decoded_upright else _read_orientation(image),
        color_space=read_color_space(image, format, description),
        is_hdr=description.is_hdr,
    )


def read_plays(image: ImageFile.ImageFile, format: Format) -> int:
    """Return the number of times that an animation plays; 0 is for ever.

    Call it before the pixels are read: Pillow may let go of the file then."""
    read = _PLAYS.get(format.name)
    if read and image.fp is not None:
        return read(image.fp)
    loop = image.info.get("loop")
    return loop if isinstance(loop, int) else 0


def covers_canvas(image: ImageFile.ImageFile) -> bool:
    """Whether the first frame covers all of the canvas. A GIF's may be a part of it."""
    return all(tile.extents in (None, (0, 0, *image.size)) for tile in image.tile)


def too_large(limits: Limits) -> ImageTooLarge:
    return ImageTooLarge(
        f"Expected an image of at most {limits.max_pixels:,} pixels but received a larger one"
    )


def _count_frames(image: ImageFile.ImageFile, format: Format) -> int:
    if not format.is_animated:
        return 1
    if format.name == "png" and image.fp is not None:
        # Pillow also counts the picture that is no part of the animation
        control = find_control(image.fp)
        return control.frames if control else 1
    return int(getattr(image, "n_frames", 1))


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


def _read_orientation(image: ImageFile.ImageFile) -> int:
    """Return the orientation; 1 if the metadata are broken. They are no reason to refuse an image."""
    with suppress(Exception):
        # Pillow would take an orientation from XMP, too, and from ImageMagick's text in a PNG, which browsers
        # ignore; and of a PNG it would decode the pixels first
        carrier = Image.new("L", (1, 1))
        carrier.info = {_EXIF: image.info[_EXIF]} if _EXIF in image.info else {}
        value = carrier.getexif().get(ExifTags.Base.Orientation)
        return value if isinstance(value, int) and 1 <= value <= 8 else 1
    return 1


def _keep_xmp_from_turning(image: ImageFile.ImageFile) -> None:
    """Let Pillow read the EXIF of an image that it turns, and remember it, while the XMP is out of sight."""
    with suppress(Exception):
        xmp = image.info.pop("xmp", None)
        try:
            image.getexif()
        finally:
            if xmp is not None:
                image.info["xmp"] = xmp


def _read_png_plays(file: IO[bytes]) -> int:
    control = find_control(file)
    return control.plays if control else 1


def _read_avif_plays(file: IO[bytes]) -> int:
    sequence = read_sequence(file)
    return sequence.plays if sequence else 0


_PLAYS: Mapping[str, Callable[[IO[bytes]], int]] = {
    "png": _read_png_plays,
    "avif": _read_avif_plays,
    "gif": read_gif_plays,
}
"""Formats of which Pillow does not tell the number of plays, or not the right one."""
