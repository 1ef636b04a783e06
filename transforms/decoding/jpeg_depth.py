"""The depth of a JPEG that its decoder has not opened. Pillow opens those of 8 bits alone.

Source: ITU T.81, annex B.2.2."""

from typing import IO

from progimage.errors import UnprocessableImage

_START = b"\xff\xd8"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_SCAN = 0xDA
_MAX_SEGMENTS = 2_000
_BITS = 8


def refuse_deep_jpeg(file: IO[bytes]) -> None:
    """Raise UnprocessableImage if the file is a JPEG of another depth than 8 bits."""
    bits = _read_bits(file)
    if bits and bits != _BITS:
        raise UnprocessableImage(f"Expected a JPEG of {_BITS} bits per sample but received {bits}")


def _read_bits(file: IO[bytes]) -> int:
    """Return the bits per sample that the first frame names; 0 if there is no frame before the first scan."""
    file.seek(0)
    if file.read(2) != _START:
        return 0
    for _ in range(_MAX_SEGMENTS):
        marker = _next_marker(file)
        if marker in _WITHOUT_LENGTH:
            continue
        length = int.from_bytes(file.read(2))
        if marker in _FRAMES:
            return int.from_bytes(file.read(1))
        if marker in (None, _SCAN) or length < 2:
            return 0
        file.seek(length - 2, 1)
    return 0


def _next_marker(file: IO[bytes]) -> int | None:
    """Return the marker at this place, behind any fill bytes; None if there is none."""
    for _ in range(_MAX_SEGMENTS):
        byte = file.read(1)
        if byte != b"\xff":
            return byte[0] if byte else None
    return None
