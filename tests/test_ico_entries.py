"""Icons: the largest and deepest picture, and the mask."""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from progimage.errors import UnprocessableImage
from tests.support import color_files as files
from tests.support import images as made
from tests.support.bmp_files import palette_of, rows
from tests.support.stored_files import Store, check_flips, stored
from transforms.decoding.decode import probe, validate

__all__ = ["stored"]

SIDE = 16
LEFT_HALF = np.indices((SIDE, SIDE))[1] < SIDE // 2
NOTHING = np.zeros((SIDE, SIDE), bool)


def icon(pictures: Sequence[bytes], *, told: Sequence[tuple[int, int]] = ()) -> bytes:
    """Return an ICO. `told` are the side and the bits that its directory names for each picture."""
    told = told or [(SIDE, 0)] * len(pictures)
    offset = 6 + 16 * len(pictures)
    entries = b""
    for picture, (side, bits) in zip(pictures, told, strict=True):
        entries += struct.pack("<BBBBHHII", side % 256, side % 256, 0, 0, 1, bits, len(picture), offset)
        offset += len(picture)
    return struct.pack("<HHH", 0, 1, len(pictures)) + entries + b"".join(pictures)


def bitmap(
    bits: int,
    color: tuple[int, int, int],
    *,
    left_out: NDArray[Any] = NOTHING,
    alpha: int = 0,
    side: int = SIDE,
) -> bytes:
    """Return a flat bitmap with a mask. Of 1 to 8 bits its second colour is the one."""
    red, green, blue = color
    palette = palette_of([(9, 9, 9), color] + [(1, 2, 3)] * (2**bits - 2)) if bits <= 8 else b""
    numbers = {
        16: (red >> 3) << 10 | (green >> 3) << 5 | blue >> 3,
        24: red << 16 | green << 8 | blue,
        32: alpha << 24 | red << 16 | green << 8 | blue,
    }
    header = struct.pack("<IiiHHIIiiII", 40, side, 2 * side, 1, bits, 0, 0, 0, 0, 0, 0)
    pixels = rows(np.full((side, side), numbers.get(bits, 1), dtype=np.int64), bits)
    mask = np.zeros((side, side), bool)
    mask[: left_out.shape[0], : left_out.shape[1]] = left_out[:side, :side]
    return header + palette + pixels + rows(mask.astype(int), 1)


def png(color: tuple[int, ...], side: int = SIDE, mode: str = "RGB") -> bytes:
    return made.encoded("png", Image.new(mode, (side, side), color))


def shown(content: bytes, folder: Path) -> NDArray[Any]:
    (frame,) = made.frames_of(content, folder)
    return made.pixels(frame.image, "RGBA")


RED, GREEN, BLUE = (200, 100, 48), (48, 200, 96), (40, 80, 200)
CHOICES = {
    "the deepest last": ([bitmap(4, RED), bitmap(8, GREEN), bitmap(32, BLUE, alpha=255)], BLUE),
    "the deepest first": ([bitmap(32, BLUE, alpha=255), bitmap(8, GREEN), bitmap(1, RED)], BLUE),
    "the deepest between": ([bitmap(1, RED), bitmap(24, BLUE), bitmap(8, GREEN)], BLUE),
    "the first of two so deep": ([bitmap(8, BLUE), bitmap(8, RED)], BLUE),
    "the larger and flatter": ([bitmap(32, RED, alpha=255), bitmap(1, BLUE, side=24)], BLUE),
    "a PNG as deep as 32 bits": ([bitmap(24, RED), png((*BLUE, 255), mode="RGBA")], BLUE),
    "a larger PNG": ([bitmap(32, RED, alpha=255, side=48), png(BLUE, 256)], BLUE),
}


@pytest.mark.parametrize("told", [0, 32, 256])
@pytest.mark.parametrize(("pictures", "color"), CHOICES.values(), ids=CHOICES)
def test_the_largest_and_deepest_is_shown(
    pictures: list[bytes], color: tuple[int, int, int], told: int, tmp_path: Path
) -> None:
    """The pictures tell their sizes and depths. The directory may be wrong, and 0 stands for 256."""
    found = shown(icon(pictures, told=[(told, told)] * len(pictures)), tmp_path)
    assert found[1, 1].tolist() == [*color, 255]


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16, 24, 32])
def test_a_mask_leaves_px_out(bits: int, tmp_path: Path) -> None:
    """Also that of 32 bits whose alpha is 0 everywhere."""
    found = shown(icon([bitmap(bits, RED, left_out=LEFT_HALF)]), tmp_path)
    assert (found[..., 3] == np.where(LEFT_HALF, 0, 255)).all()
    assert np.abs(found[0, -1, :3] - RED).max() <= (8 if bits == 16 else 0)


def test_alpha_that_is_somewhere_stands_before_the_mask(tmp_path: Path) -> None:
    found = shown(icon([bitmap(32, RED, alpha=77, left_out=LEFT_HALF)]), tmp_path)
    assert (found == (*RED, 77)).all()


def test_without_a_mask_all_is_opaque(tmp_path: Path) -> None:
    mask_bytes = 4 * SIDE
    content = icon([bitmap(24, RED)[:-mask_bytes]])
    assert (shown(content, tmp_path) == (*RED, 255)).all()


def test_png_keeps_its_transparent_colour(tmp_path: Path) -> None:
    image = Image.new("P", (SIDE, SIDE), 1)
    image.putpalette([0, 0, 0, *RED])
    content = icon([made.encoded("png", image, transparency=b"\0\x40")])
    (tmp_path / "source").write_bytes(content)
    assert probe(tmp_path / "source").has_alpha
    assert (shown(content, tmp_path) == (*RED, 64)).all()


def test_a_damaged_picture_is_passed_over(tmp_path: Path) -> None:
    found = shown(icon([b"\x89PNG\r\n\x1a\n", bitmap(24, RED), b""]), tmp_path)
    assert (found[0, 0] == (*RED, 255)).all()


@pytest.mark.parametrize(
    ("chunk", "color", "transfer"),
    [
        pytest.param(files.cicp(12, 13), (215, 93, 31), "srgb", id="Display P3"),
        pytest.param(files.gama(1.0), (229, 168, 122), "linear", id="linear light"),
        pytest.param(files.cicp(9, 16), (255, 0, 0), "pq", id="PQ"),
    ],
)
def test_a_png_in_an_icon_is_described_as_any_png(
    chunk: files.Chunk, color: tuple[int, int, int], transfer: str, stored: Store, tmp_path: Path
) -> None:
    content = icon([files.png(files.flat() * 257, chunk, bits=16)])
    header = probe(stored(content))
    assert (header.color_space.transfer, header.color_space.bit_depth) == (transfer, 16)
    assert header.is_hdr == (transfer == "pq")
    assert np.abs(files.shown(content, tmp_path) - color).max() <= 2


REFUSED = {
    "nothing": b"\0\0\1\0\0\0",
    "a cut directory": icon([bitmap(24, RED)])[:20],
    "a picture that breaks off": icon([bitmap(24, RED)])[:-200],
    "a mask that breaks off": icon([bitmap(24, RED)])[:-2],
    "a PNG that breaks off": icon([png(RED)[:60]]),
    "a picture of no size": icon([bitmap(24, RED)]).replace(
        struct.pack("<ii", 16, 32), struct.pack("<ii", 16, 1)
    ),
    "run lengths": icon([struct.pack("<IiiHHIIiiII", 40, 16, 32, 1, 8, 1, 0, 0, 0, 0, 0) + bytes(1_000)]),
}


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_broken_icons_are_refused(content: bytes, stored: Store) -> None:
    with pytest.raises(UnprocessableImage):
        validate(stored(content))


def test_any_flipped_byte_leaves_as_an_error_of_the_tree_or_not_at_all(stored: Store) -> None:
    whole = icon([bitmap(8, RED), png(BLUE)])
    check_flips(whole, range(6, 120), stored)


def test_a_png_with_a_second_header_is_refused(stored: Store) -> None:
    """The limits hold for the size that is told first."""
    content = png((1, 2, 3))
    header = bytearray(content[8:33])
    header[8:16] = struct.pack(">II", 20_000, 20_000)
    header[21:25] = zlib.crc32(header[4:21]).to_bytes(4)
    with pytest.raises(UnprocessableImage):
        probe(stored(icon([content[:33] + bytes(header) + content[33:]])))
