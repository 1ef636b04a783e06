"""The kinds of TIFF that are refused, each by its name."""

import numpy as np
import pytest

from progimage.errors import UnprocessableImage
from tests.support import tiff_files as files
from tests.support.stored_files import Store, stored
from tests.support.tiff_files import Page, tiff
from transforms.decoding.decode import probe, validate

__all__ = ["stored"]


def zeros(form: str, count: int, **options: object) -> Page:
    return Page(samples=np.zeros((8, 8, count), form), **options)  # type: ignore[arg-type]


REFUSED = {
    "complex numbers of 64 bits": zeros("c8", 1, tags={339: (6,)}),
    "whole numbers of 64 bits": zeros("u8", 1),
    "signed whole numbers of 16 bits": zeros("i2", 3, photometric=files.RGB),
    "floating-point numbers of 32 bits": zeros("f4", 4, photometric=files.CMYK),
    "floating-point numbers of 24 bits": zeros("u1", 3, bits=24, tags={258: (24,), 339: (3,)}),
    "samples of different depths": zeros("u2", 3, photometric=files.RGB, tags={258: (5, 6, 5)}),
    "1 samples for 3 colours": zeros("u2", 1, photometric=files.RGB),
    "YCbCr of 16 bits": zeros("u2", 3, photometric=6),
    "planes of subsampled YCbCr": zeros("u1", 3, photometric=6, is_planar=True),
    "CMYK with alpha": zeros("u2", 5, photometric=files.CMYK, extras=(2,)),
    "other inks": zeros("u1", 4, photometric=files.CMYK, tags={332: (2,)}),
    "a palette with alpha": zeros(
        "u2", 2, photometric=files.PALETTE, extras=(2,), tags={320: (0,) * 3 * 65_536}
    ),
    "ITULab": zeros("u1", 3, photometric=10),
    "LogLuv": zeros("u2", 3, photometric=32845),
    "raw sensor data": zeros("u2", 1, photometric=32803),
    "a depth map": zeros("u2", 1, photometric=51177),
    "the photometric interpretation 7": zeros("u1", 1, photometric=7),
    "a JPEG of 12 bits": zeros("u2", 1, bits=12, compression=7),
    "LERC": zeros("f4", 1, compression=34887),
    "JPEG XR": zeros("u1", 3, photometric=files.RGB, compression=34934),
    "JPEG 2000": zeros("u1", 3, photometric=files.RGB, compression=34712),
    "the compression 60000": zeros("u1", 3, photometric=files.RGB, compression=60_000),
}


@pytest.mark.parametrize(("name", "page"), REFUSED.items(), ids=REFUSED)
def test_refused_by_name(name: str, page: Page, stored: Store) -> None:
    """IMG-12."""
    with pytest.raises(UnprocessableImage, match=f"^Expected a TIFF .* but received {name}$"):
        probe(stored(tiff(page)))


BROKEN = {
    "no width": {256: (0,)},
    "a width of letters": {256: b"wide"},
    "no samples": {277: (0,)},
    "more samples than depths": {277: (5,)},
    "rows of no height": {278: (0,)},
    "strips outside": {273: (2**31,)},
    "too few strips": {257: (4000,)},
    "a short colour map": {262: (3,), 258: (16,), 277: (1,), 320: (0, 1)},
    "tiles of no width": {322: (0,), 323: (16,)},
}


@pytest.mark.parametrize("tags", BROKEN.values(), ids=BROKEN)
def test_broken_tags_are_refused(tags: dict[int, tuple[int, ...] | bytes], stored: Store) -> None:
    with pytest.raises(UnprocessableImage):
        validate(stored(tiff(zeros("u2", 3, photometric=files.RGB, tags=tags))))


def test_huge_blocks_are_refused_before_they_are_read(stored: Store) -> None:
    page = zeros("u2", 3, photometric=files.RGB, tags={322: (2**20,), 323: (2**20,), 324: (8,), 325: (8,)})
    with pytest.raises(UnprocessableImage, match="at most 1,000,000,000 bytes"):
        probe(stored(tiff(page)))
