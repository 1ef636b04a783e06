"""The frames of an opened image, one after the other, each as it is shown."""

from collections.abc import Iterator
from typing import NamedTuple

from PIL import Image, WebPImagePlugin

from transforms.color import to_bands, with_plain_inks
from transforms.geometry import Size
from transforms.limits import Limits

from .failures import translated
from .header import Header, read_duration_ms


class Frame(NamedTuple):
    image: Image.Image
    duration_ms: int


def read_frames(
    image: Image.Image,
    header: Header,
    count: int,
    limits: Limits,
) -> Iterator[Frame]:
    """Decode the first `count` frames. Each is the whole canvas as it is shown then, in a mode of `to_bands`.

    Raise UnprocessableImage or ImageTooLarge."""
    # an APNG may begin with a picture that is no part of the animation
    has_default_image = header.frames > 1 and image.info.get("default_image")
    first = 1 if has_default_image else 0
    if count > 1 and isinstance(image, WebPImagePlugin.WebPImageFile):
        # the canvas is transparent outside of the frames, even if no frame has alpha; Pillow makes it black
        image.rawmode = "RGBA"
        image._mode = "RGBA"  # noqa: SLF001
    for index in range(first, first + count):
        with translated(limits):
            if index:
                image.seek(index)
            image.load()
            # the decoder of an animation goes on drawing on the same canvas
            canvas = image.copy() if count > 1 else image
            inks = with_plain_inks(_cropped(canvas, header.stored))
            frame = Frame(to_bands(inks), read_duration_ms(image))
        yield frame


def _cropped(image: Image.Image, size: Size) -> Image.Image:
    """Crop a frame to the canvas. A GIF's frame may stand out of the canvas, which Pillow then enlarges."""
    stands_out = image.width > size.width or image.height > size.height
    return image.crop((0, 0, *size)) if stands_out else image
