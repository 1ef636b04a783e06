"""JPEGs of more than 8 bits, which no decoder here opens: refused by their depth."""

import io

import pytest

from progimage.errors import UnprocessableImage
from tests.support import images as made
from tests.support.stored_files import Store, stored
from transforms.decoding.decode import probe
from transforms.decoding.jpeg_depth import refuse_deep_jpeg

__all__ = ["stored"]


def of_bits(bits: int, *, fill: bytes = b"") -> bytes:
    content = made.encoded("jpeg")
    frame = content.index(b"\xff\xc0")
    return content[:frame] + fill + content[frame : frame + 4] + bytes([bits]) + content[frame + 5 :]


@pytest.mark.parametrize("fill", [b"", b"\xff\xff\xff"], ids=["", "fill bytes"])
@pytest.mark.parametrize("bits", [9, 12, 16])
def test_refused_by_its_depth(bits: int, fill: bytes, stored: Store) -> None:
    with pytest.raises(
        UnprocessableImage, match=f"^Expected a JPEG of 8 bits per sample but received {bits}$"
    ):
        probe(stored(of_bits(bits, fill=fill)))


@pytest.mark.parametrize("length", [0, 1, 2, 3, 10, 25, 300])
def test_a_cut_says_nothing_of_depth(length: int) -> None:
    refuse_deep_jpeg(io.BytesIO(of_bits(12)[:length].partition(b"\xff\xc0")[0]))


def test_8_bits_are_not_refused() -> None:
    refuse_deep_jpeg(io.BytesIO(made.encoded("jpeg")))
