"""The page of a TIFF that is the picture, and facts that come from it alone."""

import io
import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import process_time

import numpy as np
import pytest
from PIL import Image

from progimage.errors import UnprocessableImage
from tests.support import icc_profiles as profiles
from tests.support import images as made
from tests.support import tiff_files as files
from tests.support.stored_files import Store, stored
from tests.support.tiff_files import Page, tiff
from transforms.decoding.decode import probe, validate
from transforms.decoding.tiff.tiff_pages import find_page, load_directory

__all__ = ["stored"]

Tags = Mapping[int, tuple[int, ...] | bytes]
REDUCED: Tags = {254: (1,)}
MASK: Tags = {254: (4,)}


def page(width: int, bits: int = 8, *, tags: Tags | None = None, **options: object) -> Page:
    """A red page, as wide as the test says by which it is told apart."""
    samples = np.zeros((10, width, 3), dtype=f"u{bits // 8}")
    samples[..., 0] = 2**bits - 1
    return Page(samples=samples, photometric=files.RGB, tags=tags or {}, **options)  # type: ignore[arg-type]


CHAINS = {
    "one page": ((page(20),), 20),
    "the first of two": ((page(20), page(30)), 20),
    "a reduced copy before the picture": ((page(20, tags=REDUCED), page(30)), 30),
    "an old tag says reduced": ((page(20, tags={255: (2,)}), page(30, tags={255: (1,)})), 30),
    "two reduced copies": ((page(20, tags=REDUCED), page(25, tags=REDUCED), page(30)), 30),
    "a mask before the picture": ((page(20, tags=MASK), page(30)), 30),
    "reduced copies alone": ((page(20, tags=REDUCED), page(30, tags=REDUCED)), 20),
    "the picture inside of its copy": ((page(20, tags=REDUCED, subpages=(page(40),)),), 40),
    "a copy and the picture inside": ((page(20, tags=REDUCED, subpages=(page(25, tags=REDUCED), page(40))),), 40),
    "copies inside of the picture": ((page(20, subpages=(page(25, tags=REDUCED),)), page(30)), 20),
    "a page of several": ((page(20, tags={254: (2,)}), page(30)), 20),
}  # fmt: skip


@pytest.mark.parametrize(("order", "is_big"), [("<", False), (">", False), ("<", True), (">", True)])
@pytest.mark.parametrize(("pages", "width"), CHAINS.values(), ids=CHAINS)
@pytest.mark.parametrize("bits", [8, 16])
def test_the_picture_is_shown(
    bits: int, pages: tuple[Page, ...], width: int, order: files.Order, is_big: bool, tmp_path: Path
) -> None:
    deep = tuple(_with_bits(each, bits) for each in pages)
    (tmp_path / "source").write_bytes(content := tiff(*deep, order=order, is_big=is_big))
    assert probe(tmp_path / "source").width == width
    (frame,) = made.frames_of(content, tmp_path)
    assert made.pixels(frame.image)[0, -1].tolist() == [255, 0, 0]
    assert frame.image.size == (width, 10)


def _with_bits(each: Page, bits: int) -> Page:
    subpages = tuple(_with_bits(subpage, bits) for subpage in each.subpages)
    factor = (2**bits - 1) // 255
    return replace(each, samples=each.samples.astype(f"u{bits // 8}") * factor, subpages=subpages)


def test_facts_come_from_the_page_that_is_shown(tmp_path: Path) -> None:
    """Profile, orientation and rights of a reduced copy are its own."""
    copy = page(20, tags={**REDUCED, 274: (3,), 315: b"Copy\0", 34675: profiles.DISPLAY_P3, 700: b"<copy/>"})
    content = tiff(copy, page(30, tags={274: (6,), 315: b"Picture\0"}))
    facts, result = made.rendered(content, "format=tiff&metadata=keep", tmp_path)
    assert (facts.width, facts.height) == (10, 30)
    image = Image.open(io.BytesIO(result))
    assert image.getexif()[315] == b"Picture\0"
    assert b"copy" not in result
    assert made.pixels(result)[0, 0].tolist() == [255, 0, 0]


def test_raw_sensor_data_is_refused_by_name(stored: Store) -> None:
    raw = Page(samples=np.zeros((30, 40, 1), "u2"), photometric=32803)
    linear = Page(samples=np.zeros((30, 40, 3), "u2"), photometric=34892)
    for inner in (raw, linear):
        for dng in (
            tiff(inner),
            tiff(page(20, tags=REDUCED, subpages=(inner,))),
            tiff(page(20, tags=REDUCED), inner),
        ):
            with pytest.raises(UnprocessableImage, match="received raw sensor data"):
                probe(stored(dng))


def test_a_cr2_is_refused_by_name(stored: Store) -> None:
    content = tiff(page(20))
    content = content[:4] + (16).to_bytes(4, "little") + b"CR\2\0" + bytes(4) + content[8:]
    with pytest.raises(UnprocessableImage, match="CR2"):
        probe(stored(content))


def test_pages_in_a_circle_or_outside_end(stored: Store) -> None:
    """IMG-6."""
    first = page(20, tags={**REDUCED, 330: (8, 2**31, 4)})
    content = bytearray(tiff(first))
    directory = int.from_bytes(content[4:8], "little")
    for following in (directory, 2**32 - 1, 2):
        content[-4:] = following.to_bytes(4, "little")
        start = process_time()
        assert validate(stored(bytes(content))).width == 20
        assert process_time() - start < 2


def test_only_so_many_pages_are_looked_at(stored: Store) -> None:
    start = process_time()
    path = stored(tiff(*[page(20, tags=REDUCED)] * 300, page(30)))
    assert probe(path).width == 20
    assert process_time() - start < 5
    with path.open("rb") as file:
        first = load_directory(file)
        assert find_page(file, first) == first.offset


def test_a_big_tiff_has_no_more_tags_than_a_small_one(stored: Store) -> None:
    entry = struct.pack("<HHQQ", 60_000, 3, 1, 1)
    content = b"II" + struct.pack("<HHHQQ", 43, 8, 0, 16, 100_000) + 100_000 * entry + bytes(8)
    start = process_time()
    with pytest.raises(UnprocessableImage):
        probe(stored(content))
    assert process_time() - start < 0.5
