"""Operations that would take too long are refused before the first pixel, with the size that would work."""

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from progimage.errors import ImageTooLarge
from progimage.operations import Output, operations
from progimage.text_form import parse_text
from progimage.transform import Transform
from tests.support import images as made
from transforms.formats.table import FORMATS
from transforms.geometry import Size
from transforms.planning.ceilings import COSTS, Extent, Step, refuse_costly

LARGEST = Size(8_660, 5_773)
REFERENCE = f"sha256%3A{'ab' * 32}"


def check(
    text: str,
    size: Size = LARGEST,
    *,
    frames: int = 1,
    has_alpha: bool = False,
    **output: Any,
) -> None:
    options = {"format": "jpeg"} | output
    transform = Transform(parse_text(text), Output(**options))
    refuse_costly(Extent(size, frames, has_alpha), transform, FORMATS[options["format"]])


@pytest.mark.parametrize("has_alpha", [False, True], ids=["opaque", "alpha"])
@pytest.mark.parametrize(
    "text",
    [
        "median",
        "convolve:kernel=0;-1;0;-1;5;-1;0;-1;0",
        f"composite:image={REFERENCE},scale=1,blend=color-dodge",
        f"composite:image={REFERENCE},scale=1,blend=soft-light",
        "resize:8000",
        "contrast:10/saturation:10/hue:20/sepia:30/brightness:5/gamma:1.2",
        "resize:300/median:size=5/blur:sigma=3/rotate:angle=3",
    ],
)
def test_50_megapixels_have_the_time(text: str, has_alpha: bool) -> None:
    check(text, has_alpha=has_alpha)


@pytest.mark.parametrize(
    ("text", "has_alpha", "index"),
    [
        ("median:size=5", False, 0),
        ("rotate:angle=3,expand=false", True, 0),
        ("median:size=5/resize:300", False, 0),
        ("grayscale/median:size=5", True, 1),
        ("sharpen/median/blur:sigma=1", True, 1),
        ("rotate:angle=3,expand=false/rotate:angle=5,expand=false", True, 0),
        (f"composite:image={REFERENCE},scale=1,rotation=30", False, 0),
        (f"composite:image={REFERENCE},scale=1,blend=color-burn/median", True, 0),
    ],
)
def test_the_size_that_would_work_is_named_and_works(text: str, has_alpha: bool, index: int) -> None:
    with pytest.raises(ImageTooLarge) as refusal:
        check(text, has_alpha=has_alpha)
    assert refusal.value.pointer == f"/operations/{index}"
    named = re.search(r"at most (\d+) x (\d+) px in these proportions", refusal.value.message)
    assert named
    width, height = (int(side) for side in named.groups())
    check(text, Size(width, height), has_alpha=has_alpha)
    with pytest.raises(ImageTooLarge):
        check(text, Size(width + 9, height + 6), has_alpha=has_alpha)


def test_all_frames_count() -> None:
    check("median:size=5", Size(500, 500), frames=100)
    with pytest.raises(ImageTooLarge):
        check("median:size=5", Size(500, 500), frames=120)


def test_the_encoder_counts() -> None:
    check("median", has_alpha=True)
    with pytest.raises(ImageTooLarge):
        check("median", has_alpha=True, format="png")
    check("flip", Size(5_000, 5_000), format="avif")
    with pytest.raises(ImageTooLarge):
        check("sharpen/median", Size(5_000, 5_000), format="avif")
    check("flip", Size(3_000, 3_000), format="webp", lossless=True)


def test_without_an_operation_the_ceilings_of_formats_hold() -> None:
    check("", Size(9_000, 9_000), format="jp2")


def test_alpha_that_an_operation_adds_counts() -> None:
    check("sharpen/sharpen")
    with pytest.raises(ImageTooLarge):
        check("mask:shape=circle/sharpen/sharpen")


def test_every_cost_is_that_of_an_operation() -> None:
    assert set(COSTS) <= set(operations().values())


def test_a_reduction_is_paid_by_its_result() -> None:
    (resize,) = parse_text("resize:100")
    small = Step(resize, LARGEST, Size(100, 67), may_have_alpha=True)
    large = Step(resize, LARGEST, Size(8_000, 5_333), may_have_alpha=True)
    assert small.cpu_ms < large.cpu_ms / 5


def test_nothing_is_decoded_first(tmp_path: Path) -> None:
    """The pixels of this file are missing."""
    whole = made.encoded("png", Image.new("1", LARGEST))
    with pytest.raises(ImageTooLarge, match=r"from median of at most \d+ x \d+ px"):
        made.rendered(whole[:-500], "transform=median:size=5&format=png", tmp_path)
