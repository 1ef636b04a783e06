"""Bitmaps of every kind that Windows and OS/2 have written, against values worked out here."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from progimage.errors import UnprocessableImage
from tests.support import images as made
from tests.support.bmp_files import bmp, palette_of, rows
from tests.support.stored_files import Store, check_flips, stored
from transforms.decoding.decode import probe, validate

__all__ = ["stored"]

WIDTH, HEIGHT = 37, 11
SIZE = (WIDTH, HEIGHT)
_RANDOM = np.random.default_rng(1)


def shown(content: bytes, folder: Path) -> NDArray[Any]:
    (folder / "source").write_bytes(content)
    has_alpha = probe(folder / "source").has_alpha
    (frame,) = made.frames_of(content, folder)
    return made.pixels(frame.image, "RGBA") if has_alpha else made.pixels(frame.image)


MASKS: dict[str, tuple[int, tuple[int, ...]]] = {
    "555": (16, (0x7C00, 0x3E0, 0x1F)),
    "565": (16, (0xF800, 0x7E0, 0x1F)),
    "565, blue first": (16, (0x1F, 0x7E0, 0xF800)),
    "444": (16, (0xF00, 0xF0, 0xF)),
    "4444": (16, (0xF00, 0xF0, 0xF, 0xF000)),
    "1555": (16, (0x7C00, 0x3E0, 0x1F, 0x8000)),
    "231": (16, (0x60, 0x1C, 0x3)),
    "888": (24, (0xFF0000, 0xFF00, 0xFF)),
    "x888": (32, (0xFF0000, 0xFF00, 0xFF)),
    "888x": (32, (0xFF000000, 0xFF0000, 0xFF00)),
    "8888": (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    "blue first, alpha last": (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
    "alpha first": (32, (0xFF000000, 0xFF0000, 0xFF00, 0xFF)),
    "7.8.9": (32, (0x1FC0000, 0x3FC00, 0x3FE)),
    "10.10.10.2": (32, (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000)),
    "11.11.10": (32, (0xFFE00000, 0x1FFC00, 0x3FF)),
    "red of 20 bits": (32, (0xFFFFF000, 0xFC0, 0x3F)),
    "no blue": (32, (0xFF0000, 0xFF00, 0)),
}  # fmt: skip


def field_of(numbers: NDArray[Any], mask: int) -> NDArray[Any]:
    if not mask:
        return np.zeros(numbers.shape)
    shift = (mask & -mask).bit_length() - 1
    return np.round(((numbers & mask) >> shift) * 255 / (mask >> shift))


VERSIONS = [
    pytest.param(bits, masks, header_bytes, id=f"{name}, header of {header_bytes} bytes")
    for name, (bits, masks) in MASKS.items()
    for header_bytes in ([40, 52, 56, 108, 124] if name == "10.10.10.2" else [40, 124])
    if len(masks) == 3 or header_bytes != 52
]
"""A header of 52 bytes has no mask for alpha."""


@pytest.mark.parametrize(("bits", "masks", "header_bytes"), VERSIONS)
def test_fields_of_any_masks(bits: int, masks: tuple[int, ...], header_bytes: int, tmp_path: Path) -> None:
    numbers = _RANDOM.integers(0, 2**bits, (HEIGHT, WIDTH), dtype=np.int64)
    numbers[0] = 0
    numbers[-1] = 2**bits - 1
    for is_top_down in (False, True):
        content = bmp(
            rows(numbers, bits, is_top_down=is_top_down),
            SIZE,
            bits,
            header_bytes=header_bytes,
            compression=6 if header_bytes == 40 and len(masks) == 4 else 3,
            masks=masks,
            is_top_down=is_top_down,
        )
        right = np.dstack([field_of(numbers, mask) for mask in masks])
        assert np.abs(shown(content, tmp_path) - right).max() <= (1 if max(masks) > 0xFFFF0000 else 0)


@pytest.mark.parametrize("header_bytes", [12, 16, 40, 64, 124])
@pytest.mark.parametrize(("bits", "masks"), [(16, (0x7C00, 0x3E0, 0x1F)), (24, None), (32, None)])
def test_plain_pixels(bits: int, masks: Any, header_bytes: int, tmp_path: Path) -> None:
    """The fourth byte of 32 means nothing."""
    masks = masks or (0xFF0000, 0xFF00, 0xFF)
    numbers = _RANDOM.integers(0, 2**bits, (HEIGHT, WIDTH), dtype=np.int64)
    content = bmp(rows(numbers, bits), SIZE, bits, header_bytes=header_bytes, gap=7)
    right = np.dstack([field_of(numbers, mask) for mask in masks])
    assert np.abs(shown(content, tmp_path) - right).max() == 0


@pytest.mark.parametrize("header_bytes", [12, 40, 64])
@pytest.mark.parametrize("colors", ["colours", "greys", "black and white", "white and black"])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palettes(bits: int, colors: str, header_bytes: int, tmp_path: Path) -> None:
    table = {
        "colours": _RANDOM.integers(0, 256, (2**bits, 3)),
        "greys": np.linspace(10, 200, 2**bits).round().astype(int)[:, None].repeat(3, axis=1),
        "black and white": np.array([(0, 0, 0), (255, 255, 255)] * 2 ** (bits - 1)),
        "white and black": np.array([(255, 255, 255), (0, 0, 0)] * 2 ** (bits - 1)),
    }[colors]
    numbers = _RANDOM.integers(0, 2**bits, (HEIGHT, WIDTH))
    palette = palette_of(table.tolist(), entry_bytes=3 if header_bytes == 12 else 4)
    count = None if header_bytes > 12 else 0
    content = bmp(rows(numbers, bits), SIZE, bits, header_bytes=header_bytes, palette=palette, colors=count)
    assert np.abs(shown(content, tmp_path) - table[numbers]).max() == 0


@pytest.mark.parametrize(("colors", "entries"), [(3, 3), (0, 3), (300, 300), (256, 3)])
def test_palettes_of_unusual_lengths(colors: int, entries: int, tmp_path: Path) -> None:
    """An index beyond the palette is black. The palette ends with the first pixel."""
    table = np.zeros((300, 3), int)
    table[:entries] = _RANDOM.integers(1, 256, (entries, 3))
    numbers = _RANDOM.integers(0, 6, (HEIGHT, WIDTH))
    palette = palette_of(table[:entries].tolist())
    content = bmp(rows(numbers, 8), SIZE, 8, palette=palette, colors=colors)
    assert np.abs(shown(content, tmp_path) - table[numbers]).max() == 0


def test_without_an_offset_the_pixels_follow_the_palette(tmp_path: Path) -> None:
    numbers = _RANDOM.integers(0, 2, (HEIGHT, WIDTH))
    table = np.array([(200, 100, 50), (1, 2, 3)])
    content = bmp(rows(numbers, 1), SIZE, 1, palette=palette_of(table.tolist()))
    content = content[:10] + bytes(4) + content[14:]
    assert np.abs(shown(content, tmp_path) - table[numbers]).max() == 0


def test_alpha_that_is_nowhere_is_no_alpha(tmp_path: Path) -> None:
    masks = MASKS["8888"][1]
    numbers = _RANDOM.integers(0, 2**24, (HEIGHT, WIDTH), dtype=np.int64)
    found = shown(bmp(rows(numbers, 32), SIZE, 32, header_bytes=124, compression=3, masks=masks), tmp_path)
    assert (found[..., 3] == 255).all()
    assert np.abs(found[..., :3] - np.dstack([field_of(numbers, mask) for mask in masks[:3]])).max() == 0


def test_masks_of_nothing_are_the_usual_ones(tmp_path: Path) -> None:
    numbers = _RANDOM.integers(0, 2**24, (HEIGHT, WIDTH), dtype=np.int64)
    found = shown(bmp(rows(numbers, 32), SIZE, 32, compression=3, masks=(0, 0, 0)), tmp_path)
    assert (
        np.abs(found - np.dstack([field_of(numbers, mask) for mask in (0xFF0000, 0xFF00, 0xFF)])).max() == 0
    )


def test_the_last_row_may_lack_its_padding(stored: Store) -> None:
    numbers = _RANDOM.integers(0, 2**24, (HEIGHT, WIDTH), dtype=np.int64)
    content = bmp(rows(numbers, 24), SIZE, 24)
    assert validate(stored(content[:-1])).width == WIDTH
    with pytest.raises(UnprocessableImage):
        validate(stored(content[:-2]))


def plain(**options: Any) -> bytes:
    return bmp(bytes(4 * WIDTH * HEIGHT), SIZE, **{"bits": 32, **options})


REFUSED = {
    "an embedded JPEG": plain(bits=0, compression=4),
    "an embedded PNG": plain(bits=0, compression=5),
    "CMYK": plain(compression=11),
    "the compression 77": plain(compression=77),
    "Huffman coding": plain(bits=1, header_bytes=64, compression=3),
    "a header of 41 bytes": plain(header_bytes=41),
    "3 bits": plain(bits=3),
    "8 bits": plain(bits=8, compression=2),
    "the mask 0xff00ff": plain(compression=3, masks=(0xFF00FF, 0xFF00, 0)),
}


@pytest.mark.parametrize(("name", "content"), REFUSED.items(), ids=REFUSED)
def test_other_kinds_are_refused_by_name(name: str, content: bytes, stored: Store) -> None:
    with pytest.raises(UnprocessableImage, match=f"^Expected a BMP .* but received {name}$"):
        probe(stored(content))


def test_any_flipped_byte_leaves_as_an_error_of_the_tree_or_not_at_all(stored: Store) -> None:
    numbers = _RANDOM.integers(0, 16, (HEIGHT, WIDTH))
    whole = bmp(rows(numbers, 4), SIZE, 4, palette=palette_of([(1, 2, 3)] * 16))
    check_flips(whole, range(2, 60), stored)
