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
from transforms.decoding.decode import validate
from transforms.formats.table import FORMATS, WRITABLE
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


PANORAMA = Size(9_000, 1_000)


@pytest.mark.parametrize("format", WRITABLE)
@pytest.mark.parametrize("size", [PANORAMA, PANORAMA.turned], ids=["wide", "high"])
def test_an_accepted_panorama_can_be_converted_at_its_own_size(format: str, size: Size) -> None:
    check("", size, format=format)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("rotate:90", id="a quarter turn"),
        pytest.param("rotate:90/rotate:-90/flip:vertical", id="there and back"),
        pytest.param("crop:height=100/rotate:5", id="an angle at which no side grows beyond the longer one"),
        pytest.param("pad:top=50", id="the other side grows"),
        pytest.param("crop:left=100", id="a cut that is still long"),
        pytest.param("resize:width=8500", id="a reduction that is still long"),
        pytest.param("resize:width=9000,height=2000,fit=contain", id="a canvas of the same width"),
        pytest.param("trim", id="a size that the pixels decide"),
    ],
)
def test_a_side_of_the_source_may_stay_longer_than_the_setting(text: str) -> None:
    check(text, PANORAMA)


@pytest.mark.parametrize(
    "text",
    [
        "pad:left=1", "pad:aspect_ratio=10%3A1", "border:1", "rotate:1", "shadow:x=20,sigma=1", "resize:9100,enlarge=true",
        "resize:width=9001,height=1,fit=fill,enlarge=true", "resize:width=9001,height=1001,fit=contain",
        "resize:width=10,height=9000,fit=fill,enlarge=true", "thumbnail:width=9001,height=100,enlarge=true",
        "resize:4000/resize:8300,enlarge=true", "rotate:90/border:1",
    ],
)  # fmt: skip
def test_no_operation_grows_a_side_beyond_the_setting(text: str) -> None:
    with pytest.raises(ImageTooLarge) as refusal:
        check(text, PANORAMA)
    last_step = text.count("/")
    assert refusal.value.pointer == f"/operations/{last_step}"


@pytest.mark.parametrize(
    ("format", "side"), [(name, FORMATS[name].max_side) for name in WRITABLE if FORMATS[name].max_side < 100_000]
)  # fmt: skip
def test_a_format_ends_at_its_own_side(format: str, side: int) -> None:
    check("", Size(side, 10), format=format)
    with pytest.raises(ImageTooLarge) as refusal:
        check("", Size(side + 1, 10), format=format)
    assert refusal.value.pointer == "/output/format"


@pytest.mark.parametrize("format", WRITABLE)
def test_the_longest_side_of_a_format_is_written_and_read(format: str, tmp_path: Path) -> None:
    side = min(FORMATS[format].max_side, 70_000)
    source = made.encoded("png", Image.new("RGB", (side, 16), "teal"))
    _, content = made.rendered(source, f"format={format}", tmp_path)
    (tmp_path / "again").write_bytes(content)
    size = validate(tmp_path / "again").stored
    assert size == (Size(256, 1) if FORMATS[format].shrinks_to else Size(side, 16))


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
