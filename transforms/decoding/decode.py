"""The only door to untrusted bytes. No other module opens an image.

Formats are allow-listed, sizes are checked in the header before any pixel is
decoded, and truncated files are refused. Every exception of a decoder becomes
UnsupportedFormat, UnprocessableImage or ImageTooLarge."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from struct import unpack_from
from typing import IO, NamedTuple

import pi_heif  # type: ignore[import-untyped]
from PIL import (  # noqa: F401  the import registers them; no other decoder is registered
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    Image,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from progimage.errors import (
    ProgImageError,
    UnprocessableImage,
    UnsupportedFormat,
)
from transforms.color import to_bands, with_plain_inks
from transforms.formats.table import ACCEPTED_MEDIA_TYPES, FORMATS, Format
from transforms.geometry import Size, reduced
from transforms.limits import DEFAULT_LIMITS, Limits

from .header import Header, read_duration_ms, read_header, too_large
from .webp_scaled import decode_scaled

pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # a child renders on one core, and threads would count as memory

_FORMAT_BY_PILLOW_NAME = {format.pillow: format for format in FORMATS.values()} | {"MPO": FORMATS["jpeg"]}
_SNIFFED_BYTES = 16
_SCANNED_BYTES = 4_096
_DAMAGED = "The image is damaged, incomplete, or of a kind that cannot be decoded"


class Frame(NamedTuple):
    image: Image.Image
    duration_ms: int


class Scaled(NamedTuple):
    """A decode, and the number of its px per px of the original, across and down."""

    image: Image.Image
    across: float
    down: float


def probe(path: Path, limits: Limits = DEFAULT_LIMITS) -> Header:
    """Read the header. Raise UnsupportedFormat, UnprocessableImage or ImageTooLarge."""
    with opened(path, limits) as (_, header):
        return header


def validate(path: Path, limits: Limits = DEFAULT_LIMITS) -> Header:
    """Read the header and decode every frame. Raise the errors of `probe`."""
    with opened(path, limits) as (image, header):
        format = FORMATS[header.format]
        if format.has_luma:
            # only the entropy coding of a JPEG can fail, and a decode at an eighth reads all of it
            scale_decode(image, header, 8)
        for _ in read_frames(image, header, header.frames, limits):
            pass
        with _translated(limits):
            _check_last_picture(image, format)
        return header


@contextmanager
def opened(path: Path, limits: Limits) -> Iterator[tuple[ImageFile.ImageFile, Header]]:
    """Open an image whose header is within the limits. Raise the errors of `probe`."""
    with path.open("rb") as file:
        with _translated(limits):
            image, format = _identify(file, limits)
            header = read_header(image, format, limits)
        with image:
            yield image, header


def scale_decode(
    image: ImageFile.ImageFile,
    header: Header,
    scale: int,
    *,
    is_luma_alone: bool = False,
) -> Scaled:
    """Let the decoder reduce each side to 1/`scale` if it can; `scale` is 1, 2, 4 or 8.

    With `is_luma_alone` the decoder leaves out the colours, too."""
    whole = Scaled(image, 1.0, 1.0)
    decode = _SCALED.get(header.format)
    if decode is None or (scale == 1 and not is_luma_alone):
        return whole
    return decode(image, header, scale, is_luma_alone) or whole


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
        with _translated(limits):
            if index:
                image.seek(index)
            image.load()
            # the decoder of an animation goes on drawing on the same canvas
            canvas = image.copy() if count > 1 else image
            inks = with_plain_inks(_cropped(canvas, header.stored))
            frame = Frame(to_bands(inks), read_duration_ms(image))
        yield frame


def _draft(
    image: ImageFile.ImageFile,
    header: Header,
    scale: int,
    is_luma_alone: bool,
) -> Scaled:
    width = max(1, header.width // scale)
    height = max(1, header.height // scale)
    image.draft("L" if is_luma_alone else None, (width, height))
    return Scaled(image, 1 / scale, 1 / scale)


def _shrink(
    image: ImageFile.ImageFile,
    header: Header,
    scale: int,
    is_luma_alone: bool,
) -> Scaled | None:
    """Return a scaled decode of an opaque still WebP.

    libwebp averages colours without regard to alpha, and decodes animations at full size only."""
    if header.has_alpha or header.frames > 1 or image.fp is None:
        return None
    image.fp.seek(0)
    size = reduced(header.stored, scale)
    small = decode_scaled(image.fp.read(), size)
    if small is None:
        return None
    across = size.width / header.width
    down = size.height / header.height
    return Scaled(small, across, down)


_SCALED = {"jpeg": _draft, "webp": _shrink}


def _identify(file: IO[bytes], limits: Limits) -> tuple[ImageFile.ImageFile, Format]:
    prefix = file.read(_SNIFFED_BYTES)
    registered = [name for name in _FORMAT_BY_PILLOW_NAME if name in Image.OPEN]
    candidates = [name for name in registered if _accepts(name, prefix)]
    if not candidates:
        media_types = ", ".join(ACCEPTED_MEDIA_TYPES)
        received = "a file of another kind" if prefix else "an empty file of 0 bytes"
        raise UnsupportedFormat(f"Expected one of {media_types} but received {received}")
    Image.MAX_IMAGE_PIXELS = limits.max_pixels
    # the brands of AVIF and HEIF overlap
    for name in candidates:
        with suppress(SyntaxError, ValueError, OSError, RuntimeError):
            image = Image.open(file, formats=[name])
            return image, _FORMAT_BY_PILLOW_NAME[image.format or name]
    if _declared_pixels(file) > limits.max_pixels:
        raise too_large(limits)
    raise UnprocessableImage(_DAMAGED)


def _accepts(name: str, prefix: bytes) -> bool:
    accept = Image.OPEN[name][1]
    return bool(accept and accept(prefix))


def _declared_pixels(file: IO[bytes]) -> int:
    """Return the pixels that an AVIF declares (ISO/IEC 23008-12, 6.5.3).

    Its decoder reports a large size as damage."""
    file.seek(0)
    head = file.read(_SCANNED_BYTES)
    start = head.find(b"ispe")
    if head[4:8] != b"ftyp" or start < 0 or start + 16 > len(head):
        return 0
    width, height = unpack_from(">II", head, start + 8)
    return int(width * height)


def _check_last_picture(image: ImageFile.ImageFile, format: Format) -> None:
    """Decode the last picture of a collection.

    A HEIC may hold several and shows one; an upload that broke off lacks the last."""
    if not format.is_collection:
        # Pillow would walk all of a TIFF's directories to count them
        return
    last = int(getattr(image, "n_frames", 1)) - 1
    if last > 0:
        image.seek(last)
        image.load()


def _cropped(image: Image.Image, size: Size) -> Image.Image:
    """Crop a frame to the canvas. A GIF's frame may stand out of the canvas, which Pillow then enlarges."""
    stands_out = image.width > size.width or image.height > size.height
    return image.crop((0, 0, *size)) if stands_out else image


@contextmanager
def _translated(limits: Limits) -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        except ProgImageError:
            raise
        except (
            Image.DecompressionBombError,
            Image.DecompressionBombWarning,
        ) as error:
            raise too_large(limits) from error
        except MemoryError as error:
            raise UnprocessableImage("The image needs more memory than a render may take") from error
        except Exception as error:
            raise UnprocessableImage(_DAMAGED) from error
