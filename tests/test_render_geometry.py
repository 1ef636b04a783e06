"""Operations that move pixels, on images whose pixels are known."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from progimage.errors import ParameterError
from progimage.operations import Operation
from progimage.operations.geometry import Crop, Flip, Pad, Rotate, Thumbnail, Trim
from progimage.text_form import spell_text
from tests.support import images as made
from tests.support.canvases import array, object_on

GREEN = (0, 255, 0, 255)


class TestCrop:
    @pytest.mark.parametrize("image", [made.picture(), made.translucent()], ids=["RGB", "RGBA"])
    @pytest.mark.parametrize(
        ("crop", "rows", "columns"),
        [
            (Crop(left=10, top=5, width=80, height=60), slice(5, 65), slice(10, 90)),
            (Crop(width=41, height=21), slice(29, 50), slice(39, 80)),
            (Crop(aspect_ratio=1, gravity="east"), slice(0, 80), slice(40, 120)),
            (Crop(left=0.25, width=0.5, unit="ratio"), slice(0, 80), slice(30, 90)),
        ],
        ids=["box", "center", "aspect ratio", "ratio"],
    )
    def test_whole_pixels_stay_as_they_are(
        self, crop: Crop, rows: slice, columns: slice, image: Image.Image
    ) -> None:
        assert (array(made.done(crop, image), "RGBA") == array(image, "RGBA")[rows, columns]).all()

    def test_fractions_of_a_pixel_are_where_they_were_asked_for(self) -> None:
        """On a ramp of 2 levels per px half a px is one level."""
        ramp = Image.fromarray(np.arange(0, 200, 2, dtype=np.uint8)[None, :].repeat(20, axis=0)).convert(
            "RGB"
        )
        shown = array(made.done(Crop(left=10.5, top=0, width=50, height=20), ramp))
        assert np.abs(shown[:, 4:-4, 0].astype(int) - np.arange(21, 121, 2)[4:-4]).max() == 0

    def test_one_that_is_outside_once_the_image_is_trimmed_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ParameterError) as caught:
            made.rendered(made.encoded("png", object_on("white")), "transform=trim/crop:left=90", tmp_path)
        assert caught.value.pointer == "/left"


class TestFolding:
    """A decode is scaled and a cut resampled in one step. The result is that of the steps one after the other.

    They differ a little: a cut at fractions of a px is resampled once and not twice, and a scaled decode has its own
    filter. As good as a scaled decode is on its own (tests/test_engine.py), 38 dB at least; lossless sources 40."""

    STEPS = (
        ("crop:left=100,top=50,width=800,height=600", "resize:width=200"),
        ("crop:left=33.4,top=21.7,width=777.5,height=512.3", "resize:width=90"),
        ("crop:left=0.13,top=0.07,width=0.7,height=0.61,unit=ratio", "resize:width=120,height=120,fit=cover"),
        ("crop:aspect_ratio=16%3A9,gravity=southeast", "thumbnail:width=64,height=40,gravity=northwest"),
        ("crop:width=501,height=333,focal=0.9;0.2", "resize:height=160"),
    )

    @pytest.mark.parametrize("steps", STEPS, ids=["whole px", "fractions", "ratio", "aspect ratio", "focal"])
    @pytest.mark.parametrize("name", ["jpeg", "png"])
    def test_a_cut_and_a_resize(self, name: str, steps: tuple[str, str], tmp_path: Path) -> None:
        content = made.encoded(name, made.photograph())
        assert made.psnr(*folded_and_not(content, steps, tmp_path)) > (38 if name == "jpeg" else 40)

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_in_every_orientation(self, orientation: int, tmp_path: Path) -> None:
        content = made.encoded_oriented(orientation, image=made.photograph())
        assert made.psnr(*folded_and_not(content, self.STEPS[1], tmp_path)) > 38


def folded_and_not(content: bytes, steps: tuple[str, ...], folder: Path) -> tuple[bytes, bytes]:
    folded = made.rendered(content, f"transform={'/'.join(steps)}&format=png", folder)[1]
    _, apart = made.rendered(content, "format=png", folder)
    for step in steps:
        apart = made.rendered(apart, f"transform={step}&format=png", folder)[1]
    return folded, apart


@pytest.mark.parametrize(
    ("direction", "axes"), [("horizontal", (1,)), ("vertical", (0,)), ("both", (0, 1))], ids=str
)
@pytest.mark.parametrize("image", [made.picture(), made.translucent()], ids=["RGB", "RGBA"])
def test_flip(image: Image.Image, direction: Any, axes: tuple[int, ...]) -> None:
    result = made.done(Flip(direction=direction), image)
    assert result.mode == image.mode
    assert (array(result, "RGBA") == np.flip(array(image, "RGBA"), axes)).all()


@pytest.mark.parametrize(
    "operation",
    [
        Thumbnail(width=20),
        Crop(width=20),
        Rotate(angle=10),
        Rotate(angle=90),
        Flip(),
        Trim(),
        Pad(aspect_ratio=1),
    ],
    ids=lambda operation: operation.name,
)
def test_an_animation_keeps_its_frames(operation: Operation, tmp_path: Path) -> None:
    facts, content = made.rendered(
        made.encoded_animation("gif"), f"transform={spell_text([operation])}", tmp_path
    )
    assert facts.frames == 3
    assert Image.open(io.BytesIO(content)).n_frames == 3  # type: ignore[attr-defined]
    colors = [frame.image.getpixel((10, 10)) for frame in made.frames_of(content, tmp_path)]
    assert colors == [(255, 0, 0, 255), GREEN, (0, 0, 255, 255)]


@pytest.mark.parametrize("size", [(8000, 5000), (6000, 6000), (4001, 1)])
@pytest.mark.parametrize("width", [1, 2, 7])
def test_white_stays_white_however_small_it_becomes(
    size: tuple[int, int], width: int, tmp_path: Path
) -> None:
    """Pillow's own reduction by large factors darkens: its weights are whole numbers."""
    white = made.encoded("png", Image.new("L", size, 255))
    _, result = made.rendered(white, f"w={width}&format=png", tmp_path)
    assert made.pixels(result).min() == 255


@pytest.mark.parametrize(
    "then", ["resize:25", "resize:width=200,enlarge=true", "flip/resize:25", "thumbnail:10"]
)
@pytest.mark.parametrize("orientation", [1, 6])
def test_what_is_cut_away_is_not_seen_after_a_resize(then: str, orientation: int, tmp_path: Path) -> None:
    image = Image.new("RGB", (300, 300), "white")
    image.paste("black", (100, 100, 200, 200))
    source = made.encoded_oriented(orientation, "png", image)
    crop = "transform=crop:left=100,top=100,width=100,height=100"
    _, result = made.rendered(source, f"{crop}/{then}&format=png", tmp_path)
    assert made.pixels(result).max() == 0
