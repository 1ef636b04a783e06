"""Run lengths of bitmaps: runs, literal pixels, ends of rows, jumps."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from progimage.errors import UnprocessableImage
from tests.support import images as made
from tests.support.bmp_files import bmp, palette_of
from tests.support.stored_files import Store, stored
from transforms.decoding.decode import validate

__all__ = ["stored"]

COLORS = np.random.default_rng(1).integers(0, 256, (16, 3))
RLE8, RLE4, RLE24 = 1, 2, 4
END_OF_ROW, END = b"\0\0", b"\0\1"


def shown(runs: bytes, size: tuple[int, int], compression: int, folder: Path) -> NDArray[Any]:
    (frame,) = made.frames_of(coded(runs, size, compression), folder)
    return made.pixels(frame.image)


def coded(runs: bytes, size: tuple[int, int], compression: int) -> bytes:
    if compression == RLE24:
        return bmp(runs, size, 24, header_bytes=64, compression=compression)
    bits = 8 if compression == RLE8 else 4
    return bmp(runs, size, bits, compression=compression, palette=palette_of(COLORS.tolist()))


def jump(across: int, up: int) -> bytes:
    return bytes((0, 2, across, up))


CASES: dict[str, tuple[int, bytes, list[list[int]]]] = {
    "runs": (RLE8, b"\2\5\3\6" + END_OF_ROW + b"\5\7" + END, [[7] * 5, [5, 5, 6, 6, 6]]),
    "an odd number of literal pixels": (RLE8, b"\0\5\1\2\3\4\5\0" + END_OF_ROW + b"\5\7" + END, [[7] * 5, [1, 2, 3, 4, 5]]),
    "an even number of them": (RLE8, b"\0\4\1\2\3\4\1\5" + END_OF_ROW + b"\5\7" + END, [[7] * 5, [1, 2, 3, 4, 5]]),
    "a row that ends early": (RLE8, b"\2\5" + END_OF_ROW + b"\5\7" + END, [[7] * 5, [5, 5, 0, 0, 0]]),
    "rows of nothing": (RLE8, END_OF_ROW + END_OF_ROW + b"\5\7" + END, [[7] * 5, [0] * 5, [0] * 5]),
    "a jump in a row": (RLE8, b"\1\5" + jump(2, 0) + b"\2\6" + END_OF_ROW + END, [[0] * 5, [5, 0, 0, 6, 6]]),
    "a jump over rows": (RLE8, b"\1\5" + jump(1, 2) + b"\2\6" + END, [[0, 0, 6, 6, 0], [0] * 5, [5, 0, 0, 0, 0]]),
    "a picture that ends early": (RLE8, b"\5\7" + END, [[0] * 5, [0] * 5, [7] * 5]),
    "a run beyond the row": (RLE8, b"\x09\5" + END_OF_ROW + b"\5\7" + END, [[7] * 5, [5] * 5]),
    "rows without their ends": (RLE8, b"\5\5" + END_OF_ROW + b"\5\6", [[6] * 5, [5] * 5]),
    "nibbles": (RLE4, b"\5\x12" + END_OF_ROW + b"\4\x34\1\x50" + END, [[3, 4, 3, 4, 5], [1, 2, 1, 2, 1]]),
    "literal nibbles": (RLE4, b"\0\5\x12\x34\x50\0" + END_OF_ROW + b"\0\3\x67\x80\2\x9A" + END, [[6, 7, 8, 9, 10], [1, 2, 3, 4, 5]]),
}  # fmt: skip


@pytest.mark.parametrize(("compression", "runs", "indices"), CASES.values(), ids=CASES)
def test_indices(compression: int, runs: bytes, indices: list[list[int]], tmp_path: Path) -> None:
    found = shown(runs, (5, len(indices)), compression, tmp_path)
    assert (found == COLORS[np.array(indices)]).all()


def test_colours_of_os2(tmp_path: Path) -> None:
    runs = b"\2\1\2\3" + b"\0\3" + bytes(range(10, 19)) + b"\0" + END
    found = shown(runs, (5, 1), RLE24, tmp_path)
    assert found[0].tolist() == [[3, 2, 1], [3, 2, 1], [12, 11, 10], [15, 14, 13], [18, 17, 16]]


@pytest.mark.parametrize("runs", [b"", b"\5", b"\5\1", b"\5\1\0\0\3\2", b"\0\2\1"])
def test_runs_that_break_off_are_refused(runs: bytes, stored: Store) -> None:
    with pytest.raises(UnprocessableImage):
        validate(stored(coded(runs, (5, 2), RLE8)))


def test_noise_is_a_picture_or_an_error_of_the_tree(stored: Store) -> None:
    random = np.random.default_rng(1)
    for compression in (RLE8, RLE4, RLE24):
        for _ in range(20):
            try:
                validate(stored(coded(random.bytes(3_000), (30, 30), compression)))
            except UnprocessableImage:
                continue
