"""The canvas of an animation, on which each frame is drawn and disposed of as browsers do it."""

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from fractions import Fraction
from io import BytesIO
from typing import IO, NamedTuple

from PIL import Image, ImageFile

from progimage.errors import ImageTooLarge, UnprocessableImage
from transforms.color import to_bands
from transforms.geometry import Size
from transforms.limits import Limits

Decoder = Callable[[IO[bytes]], ImageFile.ImageFile]

_OPAQUE = (255, 255)
_TRANSPARENT = (0, 0, 0, 0)
_WITH_ALPHA = frozenset({"LA", "RGBA"})


class Disposal(Enum):
    """The change of a frame's area once its time is over."""

    KEEP = "keep"
    CLEAR = "clear"
    RESTORE = "restore"


class Corners(NamedTuple):
    """An area in px of the canvas. Right and bottom are the first px beyond it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> Size:
        return Size(self.right - self.left, self.bottom - self.top)


class StoredFrame(NamedTuple):
    """A frame as its file holds it: a rectangle of the canvas, and its pixels as a still file."""

    corners: Corners
    file: bytes
    duration_ms: Fraction
    disposal: Disposal
    is_blended: bool
    """Whether the canvas shows through its translucent pixels. They replace the canvas otherwise."""


class ShownFrame(NamedTuple):
    """The whole canvas, and its time."""

    image: Image.Image
    duration_ms: Fraction


def check_areas(frames: Iterable[StoredFrame], limits: Limits) -> None:
    """Raise ImageTooLarge if the frames together have too many pixels, or if one reaches too far.

    A GIF's frame may stand out of its canvas, which alone has been checked. Others enlarge the canvas."""
    total_pixels = 0
    for frame in frames:
        corners = frame.corners
        total_pixels += corners.size.pixels
        if corners.right * corners.bottom > limits.max_pixels:
            raise ImageTooLarge(
                f"Expected frames within {limits.max_pixels:,} pixels but one reaches further"
            )
    if total_pixels > limits.max_total_pixels:
        raise ImageTooLarge(
            f"Expected at most {limits.max_total_pixels:,} pixels over all frames"
            f" but received {total_pixels:,}"
        )


def compose(
    frames: Iterable[StoredFrame],
    size: Size,
    decoder: Decoder,
    *,
    is_gray: bool = False,
) -> Iterator[ShownFrame]:
    """Draw the frames one after the other on a transparent canvas.

    `decoder` opens the file of a frame. Yield RGB and RGBA; with `is_gray` L and LA."""
    canvas = Image.new("RGBA", size)
    is_opaque = False
    for frame in frames:
        corners = _cut(frame.corners, size)
        before = canvas.crop(corners) if frame.disposal is Disposal.RESTORE else None
        was_opaque = is_opaque
        if corners.size.pixels:
            keeps_opaque = _draw(canvas, frame, corners, decoder)
            # a canvas without a hole keeps none: its alpha need not be looked at again
            is_opaque = (is_opaque and keeps_opaque) or _has_no_hole(canvas)
        yield ShownFrame(_copy(canvas, is_opaque=is_opaque, is_gray=is_gray), frame.duration_ms)
        if before is not None:
            canvas.paste(before, corners[:2])
            is_opaque = was_opaque
        if frame.disposal is Disposal.CLEAR and corners.size.pixels:
            canvas.paste(_TRANSPARENT, corners)
            is_opaque = False


def _draw(
    canvas: Image.Image,
    frame: StoredFrame,
    corners: Corners,
    decoder: Decoder,
) -> bool:
    """Draw a frame. Return whether it makes no hole in the canvas."""
    decoded, has_soft_alpha = _decode(frame, decoder)
    picture = decoded.convert("RGBA")
    if corners != frame.corners:
        picture = picture.crop((0, 0, *corners.size))
    has_alpha = decoded.mode in _WITH_ALPHA
    if not frame.is_blended or not has_alpha:
        canvas.paste(picture, corners[:2])
    elif has_soft_alpha:
        canvas.alpha_composite(picture, corners[:2])
    else:
        # the same, in a fraction of the time
        canvas.paste(picture, corners[:2], picture)
    return frame.is_blended or not has_alpha


def _decode(frame: StoredFrame, decoder: Decoder) -> tuple[Image.Image, bool]:
    """Return the pixels of a frame, and whether some may be neither opaque nor transparent."""
    with decoder(BytesIO(frame.file)) as image:
        if Size(*image.size) != frame.corners.size:
            raise UnprocessableImage("A frame of the animation has another size than its header says")
        image.load()
        is_cut_out = image.mode == "P" and isinstance(image.info.get("transparency"), int)
        return to_bands(image), not is_cut_out


def _cut(corners: Corners, size: Size) -> Corners:
    """Return the part of an area that lies on the canvas. It may be empty."""
    left = min(corners.left, size.width)
    top = min(corners.top, size.height)
    right = min(corners.right, size.width)
    bottom = min(corners.bottom, size.height)
    return Corners(left, top, right, bottom)


def _has_no_hole(canvas: Image.Image) -> bool:
    return canvas.getchannel("A").getextrema() == _OPAQUE


def _copy(canvas: Image.Image, *, is_opaque: bool, is_gray: bool) -> Image.Image:
    """Return a copy of the canvas, without alpha if all of it is opaque."""
    if is_gray:
        return canvas.convert("L" if is_opaque else "LA")
    return canvas.convert("RGB") if is_opaque else canvas.copy()
