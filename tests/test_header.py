"""Headers: the facts of an image that are read before any pixel."""

import io
import struct
from pathlib import Path

import pytest
from PIL import Image

from tests.support import images as made
from tests.support.stored_files import Store, stored
from transforms.color.description import ColorSpace
from transforms.decoding.decode import probe, validate
from transforms.decoding.header import Header
from transforms.formats.table import FORMATS

__all__ = ["stored"]

COLOR_SPACES = {
    name: ColorSpace(transfer="srgb", primaries="bt709", bit_depth=8) for name in ("avif", "heic", "jp2")
}
"""Of the encoders that write a description."""


@pytest.mark.parametrize("name", made.READABLE)
def test_the_header_of_every_format(name: str, stored: Store) -> None:
    path = stored(made.encoded(name))
    header = Header(
        format=name,
        media_type=FORMATS[name].media_type,
        width=made.WIDTH,
        height=made.HEIGHT,
        frames=1,
        has_alpha=False,
        orientation=1,
        color_space=COLOR_SPACES.get(name, ColorSpace(bit_depth=8)),
        is_hdr=False,
    )
    assert probe(path) == header
    assert validate(path) == header


@pytest.mark.parametrize(
    "name", [name for name, format in FORMATS.items() if format.has_alpha and format.can_write]
)
def test_alpha_is_seen(name: str, stored: Store) -> None:
    assert probe(stored(made.encoded(name, made.translucent()))).has_alpha


@pytest.mark.parametrize("name", made.ANIMATED)
def test_frames_are_counted(name: str, stored: Store) -> None:
    assert validate(stored(made.encoded_animation(name))).frames == 3


def test_only_the_first_page_of_a_tiff_counts(stored: Store) -> None:
    pages = made.encoded("tiff", save_all=True, append_images=[made.picture()])
    assert validate(stored(pages)).frames == 1


def test_only_the_first_image_of_an_mpo_counts(stored: Store) -> None:
    buffer = io.BytesIO()
    made.picture().save(buffer, "MPO", save_all=True, append_images=[made.picture()])
    header = validate(stored(buffer.getvalue()))
    assert (header.format, header.media_type, header.frames) == ("jpeg", "image/jpeg", 1)


def test_the_largest_image_of_an_ico_counts(stored: Store) -> None:
    icon = made.encoded("ico", made.picture(64, 64), sizes=[(16, 16), (64, 64), (32, 32)])
    assert validate(stored(icon)).stored == (64, 64)


def test_the_picture_before_an_apng_is_not_a_frame(stored: Store, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("white", "red", "blue")]
    content = made.encoded_animation("png", frames, default_image=True, durations_ms=(100, 200))
    assert validate(stored(content)).frames == 2
    colors = [tuple(made.pixels(frame.image)[0, 0]) for frame in made.frames_of(content, tmp_path)]
    assert colors == [(255, 0, 0), (0, 0, 255)]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif"])
def test_orientation_is_read(name: str, orientation: int, stored: Store) -> None:
    header = probe(stored(made.encoded_oriented(orientation, name)))
    assert header.orientation == orientation
    assert header.upright == (made.WIDTH, made.HEIGHT)


def _exif(kind: int, count: int, value: bytes) -> bytes:
    """Return EXIF that holds an orientation of that TIFF type."""
    return b"Exif\0\0II*\0\x08\0\0\0\1\0" + struct.pack("<HHI", 0x0112, kind, count) + value


@pytest.mark.parametrize(
    "exif",
    [
        pytest.param(_exif(3, 1, struct.pack("<HHI", 0, 0, 0)), id="0"),
        pytest.param(_exif(3, 1, struct.pack("<HHI", 9, 0, 0)), id="9"),
        pytest.param(_exif(2, 20, struct.pack("<II", 26, 0) + b"<?php phpinfo(); ?>\0"), id="text"),
        pytest.param(_exif(5, 1, struct.pack("<IIII", 26, 0, 6, 0)), id="six divided by nothing"),
        pytest.param(_exif(3, 2**31, struct.pack("<II", 2**31, 0)), id="outside"),
        pytest.param(b"Exif\0\0II*\0\xff\xff\xff\xff", id="no directory"),
    ],
)
def test_a_wrong_orientation_is_none(exif: bytes, stored: Store) -> None:
    """Broken metadata is no reason to refuse an image."""
    assert validate(stored(made.encoded("jpeg", exif=exif))).orientation == 1
