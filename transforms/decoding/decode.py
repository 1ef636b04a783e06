"""The only door to untrusted bytes. No other module opens an image.

Formats are allow-listed, sizes are checked in the header before any pixel is
decoded, and truncated files are refused. Every exception of a decoder becomes
UnsupportedFormat, UnprocessableImage or ImageTooLarge."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from PIL import ImageFile

from transforms.formats.table import FORMATS, Format
from transforms.limits import DEFAULT_LIMITS, Limits

from .failures import translated
from .frames import read_frames
from .header import Header, read_header
from .identification import identify
from .jpeg.gain_map_reader import has_gain_map
from .png.broken_chunks import check_critical_chunks
from .scaled import scale_decode


def probe(path: Path, limits: Limits = DEFAULT_LIMITS) -> Header:
    """Read the header. Raise UnsupportedFormat, UnprocessableImage or ImageTooLarge."""
    with opened(path, limits) as (_, header):
        return header


def probe_received(path: Path, limits: Limits = DEFAULT_LIMITS) -> Header:
    """Read the header of bytes that nobody has validated. Raise the errors of `probe`."""
    with opened(path, limits) as (_, header):
        check_checksums(path, header)
        return header


def validate(path: Path, limits: Limits = DEFAULT_LIMITS) -> Header:
    """Read the header and decode every frame. Raise the errors of `probe`."""
    with opened(path, limits) as (image, header):
        format = FORMATS[header.format]
        check_checksums(path, header)
        if format.has_luma:
            # only the entropy coding of a JPEG can fail, and a decode at an eighth reads all of it
            scale_decode(image, header, 8)
        for _ in read_frames(image, header, header.frames, limits):
            pass
        with translated(limits):
            if format.name == "png":
                # an animated PNG may begin with a picture that is no part of the animation
                image.load()
            _check_last_picture(image, format)
        return header


@contextmanager
def opened(path: Path, limits: Limits) -> Iterator[tuple[ImageFile.ImageFile, Header]]:
    """Open an image whose header is within the limits. Raise the errors of `probe`."""
    with path.open("rb") as file:
        with translated(limits):
            image, format = identify(file, limits)
            header = read_header(image, format, limits)
            if format.has_gain_map and has_gain_map(file):
                header = replace(header, is_hdr=True)
        with image:
            yield image, header


def check_checksums(path: Path, header: Header) -> None:
    """Raise UnprocessableImage if a checksum tells that bytes which nobody has validated are damaged."""
    if header.format == "png":
        with path.open("rb") as file:
            check_critical_chunks(file)


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
