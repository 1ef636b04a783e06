"""The plan: everything that is decided before the first pixel."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from progimage.errors import ImageTooLarge
from progimage.operations import Output
from progimage.text_form import parse_text
from progimage.transform import Transform
from tests.support import images as made
from transforms.formats.table import FORMATS
from transforms.geometry import Size
from transforms.limits import Limits
from transforms.planning.plan import check_sizes
from transforms.planning.resolve import resolve


def check(text: str, size: Size, *, frames: int = 1, format: str = "png", **output: object) -> None:
    transform = Transform(parse_text(text), Output(format=format, **output))  # type: ignore[arg-type]
    check_sizes(size, resolve(transform, "png"), FORMATS[format], frames, Limits())


@pytest.mark.parametrize("text", ["border:50", "pad:aspect_ratio=1", "rotate:angle=30", "shadow:x=20"])
def test_a_photograph_of_24_megapixels_may_grow(text: str) -> None:
    check(text, Size(6000, 4000))


@pytest.mark.parametrize(
    ("text", "size", "frames", "output", "pointer"),
    [
        pytest.param("resize:8000,height=8000,fit=fill,enlarge=true", Size(1, 1), 1, {}, "/operations/0", id="IMG-15"),
        pytest.param("grayscale/pad:top=16383", Size(9, 9), 1, {}, "/operations/1", id="the second step"),
        pytest.param(
            "resize:2000,height=2000,fit=fill,enlarge=true/resize:10", Size(10, 10), 200, {}, "/operations/0",
            id="over all frames, on the way",
        ),
        pytest.param("", Size(6000, 6000), 1, {"format": "avif"}, "/output/format", id="the format's ceiling"),
        pytest.param(
            "", Size(3000, 3000), 1, {"format": "avif", "max_bytes": 9000}, "/output/max_bytes", id="max_bytes"
        ),
    ],
)  # fmt: skip
def test_too_large_names_the_parameter(
    text: str, size: Size, frames: int, output: dict[str, object], pointer: str
) -> None:
    with pytest.raises(ImageTooLarge) as refusal:
        check(text, size, frames=frames, **output)  # type: ignore[arg-type]
    assert refusal.value.pointer == pointer


@pytest.mark.parametrize("steps", ["grayscale", "resize:width=201/grayscale", "grayscale/contrast:30"])
def test_luma_alone_is_decoded_to_the_same_grey(steps: str, tmp_path: Path) -> None:
    """The tolerance is the rounding of each colour and the clipping of colours outside sRGB, which only the other way has."""
    source = made.encoded("jpeg", made.photograph(), quality=90)
    whole = made.encoded("png", Image.open(io.BytesIO(source)).convert("RGB"))
    one, other = (
        made.pixels(made.rendered(each, f"transform={steps}&format=png", tmp_path)[1])
        for each in (source, whole)
    )
    assert np.abs(one - other).mean() < 0.6


def test_what_is_redacted_takes_camera_data_with_it() -> None:
    redacted, turned = (
        resolve(Transform(parse_text(text), Output(metadata="keep")), "jpeg").output.metadata
        for text in ("redact:regions=0;0;9;9", "rotate:90")
    )
    assert (redacted, turned) == ("copyright", "keep")
