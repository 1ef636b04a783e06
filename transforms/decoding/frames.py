"""The frames of an opened image, one after the other, each as it is shown."""

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from io import BytesIO
from typing import IO, NamedTuple

from PIL import Image, ImageFile, WebPImagePlugin

from transforms.color import to_bands
from transforms.limits import Limits

from .avif.avif_sequence import read_sequence
from .failures import translated
from .frame_canvas import ShownFrame
from .gif import read_gif
from .header import Header, covers_canvas
from .png.apng import find_control, find_late_metadata, read_animation

_WEBP_FLAGS_AT = 20
_WEBP_IS_ANIMATED = 0x02


class Frame(NamedTuple):
    """The whole canvas as it is shown for `duration_ms`, which is exact."""

    image: Image.Image
    duration_ms: Fraction


def read_frames(
    image: Image.Image,
    header: Header,
    count: int,
    limits: Limits,
) -> Iterator[Frame]:
    """Decode the first `count` frames. Each is the whole canvas as it is shown then, in a mode of `to_bands`.

    Raise UnprocessableImage or ImageTooLarge."""
    with translated(limits):
        frames = _find_frames(image, header, count, limits)
    while True:
        with translated(limits):
            frame = next(frames, None)
        if frame is None:
            return
        yield Frame(frame.image, frame.duration_ms)


def _find_frames(
    image: Image.Image,
    header: Header,
    count: int,
    limits: Limits,
) -> Iterator[ShownFrame]:
    """Return the frames as this project or Pillow composes them."""
    if isinstance(image, ImageFile.ImageFile) and image.fp is not None:
        if header.format == "png" and _is_animated_png(image.fp, count):
            _add_late_metadata(image, image.fp)
            return read_animation(image.fp, count, limits)
        if header.format == "gif" and (count > 1 or not covers_canvas(image)):
            return read_gif(image.fp, header.stored, count, limits)
    return _read_by_pillow(image, header, count)


def _is_animated_png(file: IO[bytes], count: int) -> bool:
    """Whether the frames are more than the picture that Pillow shows by itself."""
    control = find_control(file)
    return control is not None and (count > 1 or control.has_default_image)


def _add_late_metadata(image: ImageFile.ImageFile, file: IO[bytes]) -> None:
    """Add the metadata behind the pixels, which Pillow reads only while it decodes them.

    Broken ones are no reason to refuse an image."""
    with suppress(Exception):
        late = find_late_metadata(file)
        if late:
            with Image.open(BytesIO(late), formats=["PNG"]) as pixel:
                pixel.load()
                image.info = pixel.info | image.info


def _read_by_pillow(
    image: Image.Image,
    header: Header,
    count: int,
) -> Iterator[ShownFrame]:
    durations_ms = _exact_durations(image, header) if count > 1 else ()
    if isinstance(image, WebPImagePlugin.WebPImageFile) and _has_canvas(image):
        # the canvas is transparent outside of the frames, even if no frame has alpha; Pillow makes it black
        image.rawmode = "RGBA"
        image._mode = "RGBA"  # noqa: SLF001
    for index in range(count):
        if index:
            image.seek(index)
        image.load()
        # the decoder of an animation goes on drawing on the same canvas
        canvas = image.copy() if count > 1 else image
        shown = to_bands(canvas)
        duration_ms = durations_ms[index] if durations_ms else _read_duration_ms(image)
        yield ShownFrame(shown, duration_ms)


def _has_canvas(image: WebPImagePlugin.WebPImageFile) -> bool:
    """Whether the frames of a WebP are laid on a canvas (its container's specification, 2.7).

    There may be only one, which need not cover the canvas."""
    if image.fp is None:
        return bool(image.is_animated)
    place = image.fp.tell()
    image.fp.seek(0)
    head = image.fp.read(_WEBP_FLAGS_AT + 1)
    image.fp.seek(place)
    return head[12:16] == b"VP8X" and bool(head[_WEBP_FLAGS_AT] & _WEBP_IS_ANIMATED)


def _exact_durations(image: Image.Image, header: Header) -> tuple[Fraction, ...]:
    """Return the duration of each frame if Pillow would round them and the file holds them."""
    if header.format != "avif" or not isinstance(image, ImageFile.ImageFile) or image.fp is None:
        return ()
    sequence = read_sequence(image.fp)
    if sequence is None or len(sequence.durations_ms) != header.frames:
        return ()
    return sequence.durations_ms


def _read_duration_ms(image: Image.Image) -> Fraction:
    """Return the time for which Pillow's current frame is shown.

    In a PNG a text may have any name, so the value may be no number."""
    duration_ms = image.info.get("duration")
    return Fraction(max(0, duration_ms)) if isinstance(duration_ms, int | float) else Fraction(0)
