"""The only door to untrusted bytes. Nothing else in the tree opens an image.

Formats are allow-listed, sizes are checked in the header before any pixel, truncated files are refused, and
whatever a decoder throws on bad bytes leaves as UnsupportedFormat, UnprocessableImage or ImageTooLarge."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from struct import unpack_from
from typing import IO, NamedTuple

import pi_heif  # type: ignore[import-untyped]
from PIL import (  # noqa: F401  registered by being imported; no other decoder ever is
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
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

from progimage.errors import ImageTooLarge, ProgImageError, UnprocessableImage, UnsupportedFormat

from .color import to_bands
from .formats import ACCEPTED_MEDIA_TYPES, FORMATS, Format
from .geometry import Size, upright_size
from .limits import DEFAULT_LIMITS, Limits

pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # a child renders on one core, and threads would count as memory

_BY_PILLOW = {format.pillow: format for format in FORMATS.values()} | {"MPO": FORMATS["jpeg"]}
_SNIFFED_BYTES = 16
_SCANNED_BYTES = 4_096
_DAMAGED = "The image is damaged, not whole, or of a kind that cannot be decoded"


@dataclass(frozen=True, kw_only=True)
class Header:
    """What an image says of itself before any pixel is decoded. Width and height as stored, in px."""

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


class Frame(NamedTuple):
    image: Image.Image
    duration_ms: int


def probe(path: Path, limits: Limits = DEFAULT_LIMITS) -> Header:
    """Read the header. Raises UnsupportedFormat, UnprocessableImage or ImageTooLarge."""
    with opened(path, limits) as (_, header):
        return header


def validate(path: Path, limits: Limits = DEFAULT_LIMITS) -> Header:
    """Read the header and decode every frame. Raises as `probe` does."""
    with opened(path, limits) as (image, header):
        if header.format == "jpeg":
            # what can fail is the entropy coding, which a decode at an eighth reads whole, 3 times faster
            image.draft(None, (max(1, header.width // 8), max(1, header.height // 8)))
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
            header = _read_header(image, format, limits)
        with image:
            yield image, header


def read_frames(image: ImageFile.ImageFile, header: Header, count: int, limits: Limits) -> Iterator[Frame]:
    """Decode the first `count` frames, each the whole canvas as it is shown then, in a mode of `to_bands`.

    Raises UnprocessableImage or ImageTooLarge."""
    # an APNG may begin with a picture that is no part of the animation
    first = 1 if header.frames > 1 and image.info.get("default_image") else 0
    if count > 1 and isinstance(image, WebPImagePlugin.WebPImageFile):
        # the canvas is transparent where no frame draws, even if no frame itself has alpha; Pillow makes it black
        image.rawmode = image._mode = "RGBA"  # noqa: SLF001
    for index in range(first, first + count):
        with _translated(limits):
            if index:
                image.seek(index)
            image.load()
            # the decoder of an animation goes on drawing on the same canvas
            canvas = _trimmed(image.copy() if count > 1 else image, header.stored)
            frame = Frame(to_bands(_with_inks(canvas)), int(image.info.get("duration") or 0))
        yield frame


def read_profile(image: Image.Image, limits: Limits) -> bytes | None:
    """Return the embedded colour profile, where there is one of an honest size."""
    profile = image.info.get("icc_profile")
    return profile if isinstance(profile, bytes) and 0 < len(profile) <= limits.max_metadata_bytes else None


def read_plays(image: Image.Image, format: Format) -> int:
    """Return how often an animation plays; 0 is for ever."""
    loop = image.info.get("loop")
    if not format.loops_count_repeats:
        return int(loop or 0)
    return 1 if loop is None else int(loop) and int(loop) + 1


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
    raise _too_large(limits) if _declared_pixels(file) > limits.max_pixels else UnprocessableImage(_DAMAGED)


def _accepts(name: str, prefix: bytes) -> bool:
    accept = Image.OPEN[name][1]
    return bool(accept and accept(prefix))


def _declared_pixels(file: IO[bytes]) -> int:
    """Return the size that AVIF declares (ISO/IEC 23008-12, 6.5.3), whose decoder calls a large one damaged."""
    file.seek(0)
    head = file.read(_SCANNED_BYTES)
    at = head.find(b"ispe")
    if head[4:8] != b"ftyp" or at < 0 or at + 16 > len(head):
        return 0
    width, height = unpack_from(">II", head, at + 8)
    return int(width * height)


def _read_header(image: ImageFile.ImageFile, format: Format, limits: Limits) -> Header:
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


def _count_frames(image: ImageFile.ImageFile, format: Format) -> int:
    if not format.is_animated:
        return 1
    frames = int(getattr(image, "n_frames", 1))
    return max(1, frames - 1) if image.info.get("default_image") else frames


def _check_size(size: Size, frames: int, limits: Limits) -> None:
    if min(size) < 1:
        raise UnprocessableImage("Expected an image of at least 1 x 1 px")
    if size.pixels > limits.max_pixels:
        raise _too_large(limits)
    if frames > limits.max_frames:
        raise ImageTooLarge(f"Expected at most {limits.max_frames} frames but received {frames}")
    if size.pixels * frames > limits.max_total_pixels:
        raise ImageTooLarge(
            f"Expected at most {limits.max_total_pixels:,} pixels over all frames"
            f" but received {size.pixels * frames:,}"
        )


def _too_large(limits: Limits) -> ImageTooLarge:
    return ImageTooLarge(
        f"Expected an image of at most {limits.max_pixels:,} pixels but received a larger one"
    )


def _read_orientation(image: ImageFile.ImageFile) -> int:
    """Broken metadata is no reason to refuse an image: it is upright then."""
    with suppress(Exception):
        # PngImageFile.getexif() would decode the image first
        value = Image.Image.getexif(image).get(ExifTags.Base.Orientation)
        return value if isinstance(value, int) and 1 <= value <= 8 else 1
    return 1


def _check_last(image: ImageFile.ImageFile, format: Format) -> None:
    """A HEIC may hold several pictures and shows one; an upload that broke off lacks the last."""
    last = int(getattr(image, "n_frames", 1)) - 1
    if format.is_collection and last > 0:
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
            raise _too_large(limits) from error
        except MemoryError as error:
            raise UnprocessableImage("The image needs more memory than a render may take") from error
        except Exception as error:
            raise UnprocessableImage(_DAMAGED) from error
