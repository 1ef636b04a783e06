"""Files that a test writes, and headers that promise too much."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

Store = Callable[[bytes], Path]


@pytest.fixture
def stored(tmp_path: Path) -> Store:
    def store(content: bytes) -> Path:
        path = tmp_path / "image"
        path.write_bytes(content)
        return path

    return store


def bmp(width: int, height: int) -> bytes:
    return (
        b"BM"
        + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
        + bytes(64)
    )
