"""The transparent colour of PNGs of every depth, with and without interlacing."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from progimage.errors import UnprocessableImage
from tests.support import images as made
from tests.support.png_files import png_of
from tests.support.stored_files import Store, stored
from transforms.decoding.decode import probe, validate

__all__ = ["stored"]

GREY, RGB, PALETTE = 0, 2, 3
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png(
    samples: NDArray[Any],
    depth: int,
    color: int,
    *chunks: tuple[bytes, bytes],
    is_interlaced: bool = False,
) -> bytes:
    """Return a PNG of samples in the shape (height, width, channels)."""
    height, width, _ = samples.shape
    passes = _ADAM7 if is_interlaced else ((0, 0, 1, 1),)
    rows = b"".join(
        b"\0" + packed(row, depth)
        for left, top, across, down in passes
        for row in samples[top::down, left::across]
        if row.size
    )
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, is_interlaced)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return png_of(parts)


def packed(row: NDArray[Any], depth: int) -> bytes:
    if depth == 16:
        return row.astype(">u2").tobytes()
    bits = row.ravel()[:, None].astype(np.uint8) >> np.arange(depth - 1, -1, -1, dtype=np.uint8) & 1
    return np.packbits(bits).tobytes()


def shown(content: bytes, folder: Path) -> NDArray[Any]:
    (frame,) = made.frames_of(content, folder)
    assert frame.image.mode in ("LA", "RGBA")
    return made.pixels(frame.image, "RGBA")


@pytest.mark.parametrize("is_interlaced", [False, True], ids=["plain", "interlaced"])
@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_grey(depth: int, is_interlaced: bool, tmp_path: Path) -> None:
    white = 2**depth - 1
    samples = (np.arange(13 * 17).reshape(13, 17, 1) * (257 if depth == 16 else 1)) % (white + 1)
    for key in {0, 1, white // 3, white}:
        content = png(samples, depth, GREY, (b"tRNS", struct.pack(">H", key)), is_interlaced=is_interlaced)
        found = shown(content, tmp_path)
        assert np.abs(found[..., 0] - np.round(255 / white * samples[..., 0])).max() == 0
        assert (found[..., 3] == 255 * (samples[..., 0] != key)).all()


@pytest.mark.parametrize("is_interlaced", [False, True], ids=["plain", "interlaced"])
@pytest.mark.parametrize("depth", [8, 16])
def test_colours(depth: int, is_interlaced: bool, tmp_path: Path) -> None:
    """Neighbours of the key in each of its samples stay opaque, also those that 8 bits cannot tell from it."""
    unit = 257 if depth == 16 else 1
    key = np.array([200, 100, 50]) * unit
    samples = np.tile(key, (9, 11, 1))
    for channel in range(3):
        samples[channel, 1, channel] += 1
        samples[channel, 2, channel] -= 1
        samples[channel, 3, channel] ^= 0xFF
    samples[5] = 2**depth - 1
    samples[6] = 0
    content = png(samples, depth, RGB, (b"tRNS", struct.pack(">3H", *key)), is_interlaced=is_interlaced)
    found = shown(content, tmp_path)
    assert (found[..., 3] == 255 * (samples != key).any(axis=2)).all()
    assert np.abs(found[..., :3] - samples * (255 / (2**depth - 1))).max() <= 1
    assert (found[5] == 255).all()
    assert (found[6] == (0, 0, 0, 255)).all()


def test_a_palette(tmp_path: Path) -> None:
    samples = np.arange(4).reshape(2, 2, 1)
    colors = bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    found = shown(png(samples, 2, PALETTE, (b"PLTE", colors), (b"tRNS", b"\0\x80")), tmp_path)
    assert found[..., 3].ravel().tolist() == [0, 128, 255, 255]


def test_bits_above_the_depth_mean_nothing(tmp_path: Path) -> None:
    content = png(np.arange(4).reshape(1, 4, 1), 2, GREY, (b"tRNS", struct.pack(">H", 0xFF02)))
    assert shown(content, tmp_path)[0, :, 3].tolist() == [255, 255, 0, 255]


def test_the_header_says_alpha(stored: Store) -> None:
    samples = np.zeros((2, 2, 3))
    assert probe(stored(png(samples, 16, RGB, (b"tRNS", bytes(6))))).has_alpha
    assert not probe(stored(png(samples, 16, RGB))).has_alpha


def test_a_cut_is_refused(stored: Store) -> None:
    noise = np.random.default_rng(1).integers(0, 65_536, (40, 40, 3))
    content = png(noise, 16, RGB, (b"tRNS", bytes(6)))
    for length in (len(content) // 2, len(content) - 100):
        with pytest.raises(UnprocessableImage):
            validate(stored(content[:length]))


def test_a_damaged_key_is_refused(stored: Store) -> None:
    content = png(np.zeros((2, 2, 1)), 2, GREY, (b"tRNS", b"\0"))
    with pytest.raises(UnprocessableImage):
        probe(stored(content))


@pytest.mark.parametrize("is_interlaced", [False, True], ids=["rows", "interlaced"])
@pytest.mark.parametrize("depth", [2, 4])
def test_pillow_reads_the_original_that_stands_for_a_result(
    depth: int, is_interlaced: bool, tmp_path: Path
) -> None:
    """Pillow compares a transparent grey of 2 or 4 bits after scaling it, so it is written in a palette."""
    noise = np.random.default_rng(1).integers(0, 2**depth, (24, 24, 1))
    noise[0, 0] = 2
    content = png(noise, depth, GREY, (b"tRNS", struct.pack(">H", 2)), is_interlaced=is_interlaced)
    result = made.rendered(content, "format=png", tmp_path)[1]
    greys = noise[..., 0] * 255 // (2**depth - 1)
    expected = np.dstack([greys, greys, greys, np.where(noise[..., 0] == 2, 0, 255)])
    assert result[24:26] == bytes((depth, PALETTE))
    assert np.array_equal(made.pixels(result, "RGBA"), expected)
    assert len(result) <= len(content) + 80
