"""docs/ holds the output of `make docs`: the catalogue, pictures of the engine's results, code of the source."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docs.build import GUIDES, PAGE, PHOTOGRAPH, PICTURES, guide, page, pictures
from docs.includes import fill_includes, find_source
from progimage.operations import operations
from tests.support import images as made

MIN_DIFFERENCE = 0.4
"""Levels of 255, mean over all pixels. The mask, which rounds the corners, changes least: 0.53."""


@pytest.fixture(scope="module")
def expected() -> dict[str, Image.Image]:
    return dict(pictures())


def test_the_page_is_what_make_docs_writes() -> None:
    assert PAGE.read_text() == page(), "make docs"


@pytest.mark.parametrize(
    ("path", "source", "name"),
    [
        pytest.param(GUIDES[0], "transforms/render/filters.py", "pixelate", id="operation"),
        pytest.param(GUIDES[1], "images/services/deleting.py", "purge_renditions", id="endpoint"),
    ],
)
def test_a_guide_shows_the_code_of_the_source(path: Path, source: str, name: str) -> None:
    assert path.read_text() == guide(path), "make docs"
    assert find_source(source, name) in guide(path)


def test_an_include_without_a_source_is_refused() -> None:
    with pytest.raises(LookupError, match="no_such_name"):
        fill_includes("<!-- include docs/build.py:no_such_name -->\n<!-- end -->")


def test_every_picture_is_what_the_engine_renders(expected: Mapping[str, Image.Image]) -> None:
    for name, picture in expected.items():
        kept = kept_picture(name)
        assert kept.size == picture.size, name
        assert made.psnr(kept, picture) > 22, name  # noise at WebP's quality 75 has the least
    assert {path.stem for path in PICTURES.glob("*.webp")} == set(expected)


@pytest.mark.parametrize("name", sorted(operations()))
def test_a_picture_shows_what_the_operation_changes(name: str, expected: Mapping[str, Image.Image]) -> None:
    photograph = Image.open(PHOTOGRAPH).convert("RGB")
    has_own_ground = f"{name}-before" in expected
    before = expected[f"{name}-before"] if has_own_ground else photograph
    remedy = "Give the operation another example, or another ground in docs.build.BEFORE"
    assert difference(before, expected[name]) >= MIN_DIFFERENCE, remedy
    if has_own_ground:
        assert difference(kept_picture(f"{name}-before"), kept_picture(name)) >= MIN_DIFFERENCE, "make docs"


def difference(before: Image.Image, after: Image.Image) -> float:
    """Return the mean difference in levels of 255; 255 if the sizes differ."""
    if before.size != after.size:
        return 255.0
    return float(np.abs(made.pixels(before) - made.pixels(after)).mean())


def kept_picture(name: str) -> Image.Image:
    content = (PICTURES / f"{name}.webp").read_bytes()
    return Image.open(io.BytesIO(content)).convert("RGB")
