"""An AVIF in a pyramid is shown, and other groups are left as they are."""

import struct
from io import BytesIO

import pytest
from PIL import Image

from tests.support import images as made
from tests.support.avif_boxes import with_group
from tests.support.stored_files import Store, stored
from transforms.decoding.avif.avif_groups import without_pyramid
from transforms.decoding.decode import opened, validate
from transforms.geometry import Size
from transforms.limits import DEFAULT_LIMITS

__all__ = ["stored"]

SIZES = struct.pack(">HHHHH", 512, 512, 0, 1, 1)
"""Of tiles, and of the pyramid's one layer."""


@pytest.fixture(scope="module")
def plain() -> bytes:
    return made.encoded("avif", made.picture(64, 48))


def test_a_pyramid_is_the_primary_picture(plain: bytes, stored: Store) -> None:
    content = with_group(plain, b"pymd", SIZES)
    with pytest.raises(OSError, match="cannot identify"):
        Image.open(BytesIO(content))
    path = stored(content)
    assert validate(path).stored == Size(64, 48)
    with opened(path, DEFAULT_LIMITS) as (image, _), Image.open(BytesIO(plain)) as expected:
        assert image.tobytes() == expected.tobytes()


@pytest.mark.parametrize("kind", [b"altr", b"eqiv"])
def test_other_groups_stay(kind: bytes, plain: bytes) -> None:
    file = BytesIO(with_group(plain, kind, b""))
    assert without_pyramid(file) is file


def test_a_group_that_is_cut_stays(plain: bytes) -> None:
    content = with_group(plain, b"pymd", SIZES)
    file = BytesIO(content[: content.index(b"pymd") + 10])
    assert without_pyramid(file) is file
