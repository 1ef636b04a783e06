"""Limits of the engine."""

import struct
import tracemalloc
from time import monotonic

import pytest
from PIL import Image

from progimage.errors import ImageTooLarge
from tests.support import images as made
from tests.support.stored_files import Store, bmp, stored
from transforms.decoding.decode import probe, validate
from transforms.limits import Limits

__all__ = ["stored"]


def _avif_claiming(width: int, height: int) -> bytes:
    small = made.encoded("avif")
    at = small.index(b"ispe") + 8
    return small[:at] + struct.pack(">II", width, height) + small[at + 8 :]


TOO_LARGE = {
    "png claiming 65535 x 65535": made.png(width=65_535, height=65_535),
    "bmp claiming 2^31 px a side": bmp(2**31 - 1, 2**31 - 1),
    "bmp of 100 megapixels": bmp(10_000, 10_000),
    "avif claiming 60000 x 60000": _avif_claiming(60_000, 60_000),
    "gif of 5000 frames": made.encoded("gif", Image.new("P", (1, 1))).join([b"", b""])[:-1]
    + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0" * 5_000
    + b";",
    "gif whose frames make 120 megapixels": b"GIF89a" + struct.pack("<HH", 6_000, 200) + b"\x80\0\0" + bytes(6)
    + (b"," + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0\2\2D\1\0") * 100
    + b";",
}  # fmt: skip


@pytest.mark.parametrize("content", TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_is_too_large_is_refused_before_any_pixel(content: bytes, stored: Store) -> None:
    path, start = stored(content), monotonic()
    tracemalloc.start()
    with pytest.raises(ImageTooLarge):
        probe(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert monotonic() - start < 1
    assert peak < 10_000_000


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        pytest.param(Limits(max_pixels=made.WIDTH * made.HEIGHT - 1), "png", id="pixels"),
        pytest.param(Limits(max_total_pixels=3 * 40 * 30 - 1), "animation", id="pixels over all frames"),
        pytest.param(Limits(max_frames=2), "animation", id="frames"),
    ],
)
def test_limits_are_settings(limits: Limits, name: str, stored: Store) -> None:
    path = stored(made.encoded_animation("webp") if name == "animation" else made.encoded(name))
    validate(path)
    with pytest.raises(ImageTooLarge):
        validate(path, limits)
