"""Files that a test writes, and headers that promise too much."""

import struct
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from progimage.errors import ProgImageError
from transforms.decoding.decode import validate

Store = Callable[[bytes], Path]


@pytest.fixture
def stored(tmp_path: Path) -> Store:
    def store(content: bytes) -> Path:
        path = tmp_path / "image"
        path.write_bytes(content)
        return path

    return store


def check_flips(whole: bytes, places: Iterable[int], store: Store) -> None:
    """Check that a file with one flipped byte is an image or an error of the tree."""
    for place in places:
        path = store(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            validate(path)
        except ProgImageError:
            continue


def bmp(width: int, height: int) -> bytes:
    return (
        b"BM"
        + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
        + bytes(64)
    )
