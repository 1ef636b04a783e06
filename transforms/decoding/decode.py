"""The only door to untrusted bytes. Nothing else in the tree opens an image.

Formats are allow-listed, sizes are checked in the header before any pixel, truncated files are refused, and
whatever a decoder throws on bad bytes leaves as UnsupportedFormat, UnprocessableImage or ImageTooLarge."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from struct import unpack_from
from typing import IO, NamedTuple

import pi_heif  # type: ignore[import-untyped]
from PIL import (  # noqa: F401  registered by being imported; no other decoder ever is
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    Image,
    ImageChops,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from progimage.errors import ProgImageError, UnprocessableImage, UnsupportedFormat
from transforms.color import to_bands
from transforms.formats.table import ACCEPTED_MEDIA_TYPES, FORMATS, Format
from transforms.geometry import Size, reduced
from transforms.limits import DEFAULT_LIMITS, Limits

from .header import Header, read_duration_ms, read_header, too_large
from .webp_scaled import decode_scaled

pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # a child renders on one core, and threads would count as memory

_BY_PILLOW = {format.pillow: format for format in FORMATS.values()} | {"MPO": FORMATS["jpeg"]}
_SNIFFED_BYTES = 16
_SCANNED_BYTES = 4_096
_DAMAGED = "The image is damaged, not whole, or of a kind that cannot be decoded"


class Frame(NamedTuple):
    image: Image.Image
    duration_ms: int


class Scaled(NamedTuple):
    """A decode, and how many of its px one px of the original is, across and down."""

    image: Image.Image
    across: float
    down: float


def probe(path: Path, limits: Limits = DEFAULT_LIMITS) -> Header:
    """Read the header. Raises UnsupportedFormat, UnprocessableImage or ImageTooLarge."""
    with opened(path, limits) as (_, header):
        return header


def validate(path: Path, limits: Limits = DEFAULT_LIMITS) -> Header:
    """Read the header and decode every frame. Raises as `probe` does."""
    with opened(path, limits) as (image, header):
        if FORMATS[header.format].has_luma:
            # what can fail in a JPEG is its entropy coding, and a decode at an eighth reads all of that
            scale_decode(image, header, 8)
        for _ in read_frames(image, header, header.frames, limits):
            pass
        with _translated(limits):
            _check_last(image, FORMATS[header.format])
        return header


@contextmanager
def opened(path: Path, limits: Limits) -> Iterator[tuple[ImageFile.ImageFile, Header]]:
    """Open an image whose header is within the limits. Raises as `probe` does."""
    with path.open("rb") as file:
        with _translated(limits):
            image, format = _identify(file, limits)
            header = read_header(image, format, limits)
        with image:
            yield image, header


def scale_decode(
    image: ImageFile.ImageFile, header: Header, scale: int, *, is_luma_alone: bool = False
) -> Scaled:
    """Let the decoder itself leave out all but 1/`scale` of each side, 1, 2, 4 or 8, where it can.

    It also leaves out the colours where luma alone is asked for."""
    whole = Scaled(image, 1.0, 1.0)
    if scale == 1 and not is_luma_alone:
        return whole
    decode = _SCALED.get(header.format)
    return (decode and decode(image, header, scale, is_luma_alone)) or whole


def read_frames(image: Image.Image, header: Header, count: int, limits: Limits) -> Iterator[Frame]:
    """Decode the first `count` frames, each the whole canvas as it is shown then, in a mode of `to_bands`.

    Raises UnprocessableImage or ImageTooLarge."""
    # an APNG may begin with a picture that is no part of the animation
    first = 1 if header.frames > 1 and image.info.get("default_image") else 0
    if count > 1 and isinstance(image, WebPImagePlugin.WebPImageFile):
        # the canvas is transparent where no frame draws, even if no frame has alpha; Pillow makes it black
        image.rawmode = image._mode = "RGBA"  # noqa: SLF001
    for index in range(first, first + count):
        with _translated(limits):
            if index:
                image.seek(index)
            image.load()
            # the decoder of an animation goes on drawing on the same canvas
            canvas = _trimmed(image.copy() if count > 1 else image, header.stored)
            frame = Frame(to_bands(_with_inks(canvas)), read_duration_ms(image))
        yield frame


def _draft(image: ImageFile.ImageFile, header: Header, scale: int, is_luma_alone: bool) -> Scaled:
    size = max(1, header.width // scale), max(1, header.height // scale)
    image.draft("L" if is_luma_alone else None, size)
    return Scaled(image, 1 / scale, 1 / scale)


def _shrink(image: ImageFile.ImageFile, header: Header, scale: int, _: bool) -> Scaled | None:
    """libwebp averages colours without regard to alpha, and animations only whole."""
    if header.has_alpha or header.frames > 1 or image.fp is None:
        return None
    image.fp.seek(0)
    size = reduced(header.stored, scale)
    small = decode_scaled(image.fp.read(), size)
    return None if small is None else Scaled(small, size.width / header.width, size.height / header.height)


_SCALED = {"jpeg": _draft, "webp": _shrink}


def _identify(file: IO[bytes], limits: Limits) -> tuple[ImageFile.ImageFile, Format]:
    prefix = file.read(_SNIFFED_BYTES)
    claimed = [name for name in _BY_PILLOW if name in Image.OPEN and _accepts(name, prefix)]
    if not claimed:
        raise UnsupportedFormat(
            f"Expected one of {', '.join(ACCEPTED_MEDIA_TYPES)} but received something else"
        )
    Image.MAX_IMAGE_PIXELS = limits.max_pixels
    for name in claimed:  # the brands of AVIF and HEIF overlap
        with suppress(SyntaxError, ValueError, OSError, RuntimeError):
            image = Image.open(file, formats=[name])
            return image, _BY_PILLOW[image.format or name]
    raise too_large(limits) if _declared_pixels(file) > limits.max_pixels else UnprocessableImage(_DAMAGED)


def _accepts(name: str, prefix: bytes) -> bool:
    accept = Image.OPEN[name][1]
    return bool(accept and accept(prefix))


def _declared_pixels(file: IO[bytes]) -> int:
    """Return what AVIF declares (ISO/IEC 23008-12, 6.5.3): its decoder calls a large size damage."""
    file.seek(0)
    head = file.read(_SCANNED_BYTES)
    at = head.find(b"ispe")
    if head[4:8] != b"ftyp" or at < 0 or at + 16 > len(head):
        return 0
    width, height = unpack_from(">II", head, at + 8)
    return int(width * height)


def _check_last(image: ImageFile.ImageFile, format: Format) -> None:
    """A HEIC may hold several pictures and shows one; an upload that broke off lacks the last."""
    # counted for a collection alone: Pillow walks all of a TIFF's directories to know their number
    last = int(getattr(image, "n_frames", 1)) - 1 if format.is_collection else 0
    if last > 0:
        image.seek(last)
        image.load()


def _with_inks(image: Image.Image) -> Image.Image:
    """Pillow takes every CMYK JPEG for one of Adobe's, which store their inks inverted."""
    is_plain = isinstance(image, JpegImagePlugin.JpegImageFile) and "adobe" not in image.info
    return ImageChops.invert(image) if image.mode == "CMYK" and is_plain else image


def _trimmed(image: Image.Image, size: Size) -> Image.Image:
    """A GIF's frame may stand out of the canvas, which Pillow then enlarges."""
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
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise too_large(limits) from error
        except MemoryError as error:
            raise UnprocessableImage("The image needs more memory than a render may take") from error
        except Exception as error:
            raise UnprocessableImage(_DAMAGED) from error
