"""AVIFs whose colours no decoder here converts are named."""

import pytest

from progimage.errors import UnprocessableImage
from tests.support import images as made
from tests.support.stored_files import Store, stored
from transforms.decoding.decode import probe, validate

__all__ = ["stored"]


def with_matrix(matrix: int) -> bytes:
    """Return an AVIF with other matrix coefficients."""
    content = bytearray(made.encoded("avif", made.picture()))
    place = content.index(b"colrnclx") + 12
    content[place : place + 2] = matrix.to_bytes(2)
    return bytes(content)


@pytest.mark.parametrize(
    ("matrix", "name"),
    [(10, "BT.2020 with constant luminance"), (11, "ST 2085"), (13, "primaries"), (14, "ICtCp")],
)
def test_a_kind_without_decoder_is_named(matrix: int, name: str, stored: Store) -> None:
    with pytest.raises(UnprocessableImage, match=name):
        probe(stored(with_matrix(matrix)))


@pytest.mark.parametrize("matrix", [1, 2, 5, 6, 7, 8, 9, 12])
def test_other_matrices_are_read(matrix: int, stored: Store) -> None:
    assert validate(stored(with_matrix(matrix))).format == "avif"
