"""A PNG that is changed for iOS is named."""

import pytest

from progimage.errors import UnprocessableImage
from tests.support import images as made
from tests.support.stored_files import Store, stored
from transforms.containers.chunks import SIGNATURE, as_chunk
from transforms.decoding.decode import probe

__all__ = ["stored"]


def test_a_png_of_an_app_is_named(stored: Store) -> None:
    whole = made.png()
    content = SIGNATURE + as_chunk(b"CgBI", b"\x50\0\x20\x02") + whole[len(SIGNATURE) :]
    with pytest.raises(UnprocessableImage, match=r"for iOS \(CgBI\)"):
        probe(stored(content))
