"""What an image says of itself before any pixel is decoded, held against the limits.

Only decode.py, the door, calls what reads here: it translates what a decoder throws."""

from contextlib import suppress
from dataclasses import dataclass

from PIL import ExifTags, Image, ImageFile

from progimage.errors import ImageTooLarge, UnprocessableImage
from transforms.formats.table import Format
from transforms.geometry import Size, upright_size
from transforms.limits import Limits

_MAX_DURATION_MS = 655_350


@dataclass(frozen=True, kw_only=True)
class Header:
    """Width and height in px, as stored."""

    format: str
    media_type: str
    width: int
    height: int
    frames: int
    has_alpha: bool
    orientation: int
    """EXIF 1-8, what is left to do: 1 where the decoder itself turns the image."""

    @property
    def stored(self) -> Size:
        return Size(self.width, self.height)

    @property
    def upright(self) -> Size:
        """The size in px that the image has once its orientation has been applied."""
        return upright_size(self.stored, self.orientation)


def read_header(image: ImageFile.ImageFile, format: Format, limits: Limits) -> Header:
    """Raises ImageTooLarge, and UnprocessableImage for no size at all."""
    size = Size(*image.size)
    frames = _count_frames(image, format)
    _check_size(size, frames, limits)
    return Header(
        format=format.name,
        media_type=format.media_type,
        width=size.width,
        height=size.height,
        frames=frames,
        has_alpha=image.has_transparency_data,
        orientation=1 if format.is_decoded_upright else _read_orientation(image),
    )


def read_profile(image: Image.Image, limits: Limits) -> bytes | None:
    """Return the embedded colour profile, where there is one of an honest size."""
    profile = image.info.get("icc_profile")
    return profile if isinstance(profile, bytes) and 0 < len(profile) <= limits.max_metadata_bytes else None


def read_plays(image: Image.Image, format: Format) -> int:
    """Return how often an animation plays; 0 is for ever."""
    loop = _read_number(image, "loop")
    if not format.loops_count_repeats:
        return loop or 0
    return 1 if loop is None else loop and loop + 1


def read_duration_ms(image: Image.Image) -> int:
    """Return how long the current frame is shown, at most as GIF can say it."""
    return min(_MAX_DURATION_MS, max(0, _read_number(image, "duration") or 0))


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
    if size.pixels * frames > limits.max_total_pixels:
        raise ImageTooLarge(
            f"Expected at most {limits.max_total_pixels:,} pixels over all frames"
            f" but received {size.pixels * frames:,}"
        )


def _read_number(image: Image.Image, name: str) -> int | None:
    """In a PNG a text may bear the name of anything."""
    value = image.info.get(name)
    return int(value) if isinstance(value, int | float) else None


def _read_orientation(image: ImageFile.ImageFile) -> int:
    """Broken metadata is no reason to refuse an image: it is upright then."""
    with suppress(Exception):
        # PngImageFile.getexif() would decode the image first
        value = Image.Image.getexif(image).get(ExifTags.Base.Orientation)
        return value if isinstance(value, int) and 1 <= value <= 8 else 1
    return 1
