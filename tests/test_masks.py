"""Masks show parts of an image; redacted parts cannot be read back."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from progimage.errors import ParameterError
from progimage.operations import operations
from progimage.operations.masks import Colorkey, Mask, Redact
from tests.support import images as made
from transforms.geometry import Size
from transforms.render import measure

Array = NDArray[Any]


def alpha_of(image: Image.Image) -> Array:
    return np.asarray(image.convert("RGBA").getchannel("A"), dtype=float)


class TestImages:
    RAMP = Image.fromarray(np.arange(256, dtype=np.uint8)[None, :].repeat(20, axis=0))

    def mask(self, other: Image.Image, image: Image.Image | None = None, **values: Any) -> Image.Image:
        return made.done(Mask(image="part:mask", **values), image or made.picture(256, 20), other)

    def test_what_is_bright_shows(self) -> None:
        assert np.abs(alpha_of(self.mask(self.RAMP.convert("RGB"))) - np.arange(256)).max() == 0

    def test_what_is_transparent_is_not_bright(self) -> None:
        other = Image.new("RGBA", (20, 20), (255, 255, 255, 100))
        assert (alpha_of(self.mask(other)) == 100).all()

    def test_what_is_opaque_shows(self) -> None:
        other = Image.merge("RGBA", (self.RAMP.point(lambda _: 0),) * 3 + (self.RAMP,))
        assert np.abs(alpha_of(self.mask(other, channel="alpha")) - np.arange(256)).max() == 0
        assert (alpha_of(self.mask(other.convert("RGB"), channel="alpha")) == 255).all()

    def test_it_is_stretched(self) -> None:
        """Lanczos: within 2 % of the ramp between the ends."""
        alpha = alpha_of(self.mask(self.RAMP.convert("RGB"), made.picture(64, 90)))
        assert alpha.shape == (90, 64)
        assert np.abs(alpha - (np.arange(64) * 4 + 1.5)).max() <= 5

    def test_trim_cuts_to_what_shows(self) -> None:
        other = Image.new("RGB", (256, 20))
        other.paste("white", (10, 3, 50, 9))
        assert self.mask(other, trim=True).size == (40, 6)
        assert self.mask(Image.new("RGB", (9, 9)), trim=True).size == (256, 20)


def test_alpha_that_is_there_stays() -> None:
    image = made.picture()
    image.putalpha(100)
    alpha = alpha_of(made.done(Mask(shape="circle"), image))
    assert (alpha[40, 60], alpha[0, 0], alpha.max()) == (100, 0, 100)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_colours_that_are_hidden_are_gone(mode: str) -> None:
    result = np.asarray(made.done(Mask(shape="circle"), Image.new(mode, (90, 60), "red")))
    assert (result[result[..., 3] == 0] == 0).all()
    assert (result[result[..., 3] > 0][:, :3] == (255, 0, 0)).all()


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({}, id="the colour alone"),
        pytest.param({"tolerance": 0}, id="no other"),
        pytest.param({"tolerance": 20, "feather": 30}, id="soft"),
        pytest.param({"tolerance": 20, "feather": 30, "invert": True}, id="inverse"),
        pytest.param({"tolerance": 100}, id="all"),
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_colorkey_hides_what_is_near_a_colour(mode: str, values: dict[str, Any]) -> None:
    rgb = np.random.default_rng(2).integers(0, 256, (50, 80, 3), dtype=np.uint8)
    rgb[:5] = (0, 200, 80)
    image = Image.fromarray(rgb).convert(mode)
    if mode == "RGBA":
        image.putalpha(80)
    operation = Colorkey(color="rgb(0,200,80)", **values)
    distance = np.abs(rgb.astype(float) - (0, 200, 80)).max(axis=2) / 2.55
    if operation.feather:
        expected = ((distance - operation.tolerance) / operation.feather).clip(0, 1)
    else:
        expected = (distance > operation.tolerance).astype(float)
    expected = 1 - expected if operation.invert else expected
    alpha = alpha_of(made.done(operation, image))
    # rounded to a mask, and down when alpha is multiplied by it
    assert np.abs(alpha - expected * (80 if mode == "RGBA" else 255)).max() <= 1.5


MODES = ("fill", "pixelate", "blur")


class TestRedact:
    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize(
        ("regions", "unit", "boxes"),
        [
            pytest.param((10, 20, 30, 40), "px", [(10, 20, 40, 60)], id="px"),
            pytest.param((10.9, 20.1, 30.2, 40.8), "px", [(10, 20, 42, 61)], id="outwards to whole px"),
            pytest.param((0.1, 0.2, 0.2, 0.4), "ratio", [(12, 16, 36, 48)], id="ratio"),
            pytest.param((-10, 70, 30, 40), "px", [(0, 70, 20, 80)], id="cut"),
            pytest.param((0, 0, 1, 1), "ratio", [(0, 0, 120, 80)], id="all"),
            pytest.param(
                (0, 0, 9, 9, 30, 30, 50, 20, 40, 40, 50, 20),
                "px",
                [(0, 0, 9, 9), (30, 30, 80, 50), (40, 40, 90, 60)],
                id="several that overlap",
            ),
        ],
    )
    def test_the_parts_change_and_nothing_else(
        self, mode: Any, regions: tuple[float, ...], unit: Any, boxes: list[tuple[int, ...]]
    ) -> None:
        for image in (made.photograph(120, 80), made.photograph(120, 80).convert("RGBA")):
            inside = np.zeros((80, 120), bool)
            for left, top, right, bottom in boxes:
                inside[top:bottom, left:right] = True
            result = made.done(Redact(regions=regions, unit=unit, mode=mode, color="lime"), image)
            assert result.mode == image.mode
            before, after = made.pixels(image, "RGBA"), made.pixels(result, "RGBA")
            assert (after[~inside] == before[~inside]).all()
            if mode == "fill":
                assert (after[inside] == (0, 255, 0, 255)).all()
            elif inside.any():
                assert (after[inside] != before[inside]).any(axis=-1).mean() > 0.9

    @pytest.mark.parametrize("size", [8, 30])
    @pytest.mark.parametrize("mode", ["pixelate", "blur"])
    @pytest.mark.parametrize("alpha", [None, 200])
    def test_nothing_is_left_but_coarse_means(self, mode: Any, size: int, alpha: int | None) -> None:
        """Two images that differ in every detail and in no square's mean give the same bytes."""
        left, top, width, height = 31, 17, 150, 100
        side = max(size, 25)
        one = made.photograph(240, 160)
        mixed = np.array(one)
        random = np.random.default_rng(3)
        for y in range(top, top + height, side):
            for x in range(left, left + width, side):
                square = mixed[y : min(y + side, top + height), x : min(x + side, left + width)]
                square[:] = random.permutation(square.reshape(-1, 3)).reshape(square.shape)
        other = Image.fromarray(mixed)
        if alpha:
            one.putalpha(alpha)
            other.putalpha(alpha)
        assert made.psnr(one, other) < 30
        operation = Redact(regions=(left, top, width, height), mode=mode, size=size)
        box = (left, top, left + width, top + height)
        results = [made.done(operation, image).crop(box) for image in (one, other)]
        assert made.furthest(results[0], results[1], "RGBA") == 0

    def test_squares_grow_with_the_part(self) -> None:
        image = made.photograph(600, 420)
        result = made.pixels(made.done(Redact(regions=(0, 0, 600, 400), mode="pixelate", size=8), image))
        squares = result[:400].reshape(4, 100, 6, 100, 3)
        assert (squares == squares[:, :1, :, :1]).all()
        assert (squares % 17 == 0).all()

    @pytest.mark.parametrize("mode", ["pixelate", "blur"])
    def test_nothing_around_a_part_gets_in(self, mode: Any) -> None:
        operation, box = Redact(regions=(30, 30, 40, 40), mode=mode), (30, 30, 70, 70)
        one, other = made.photograph(100, 100), Image.new("RGB", (100, 100), "red")
        other.paste(one.crop(box), box)
        results = [made.done(operation, image).crop(box) for image in (one, other)]
        assert made.furthest(results[0], results[1]) == 0

    @pytest.mark.parametrize("mode", MODES)
    def test_colours_below_transparency_are_gone(self, mode: Any) -> None:
        """The bytes do not depend on the hidden colours."""
        results = []
        for hidden in (made.photograph(100, 100), Image.new("RGB", (100, 100))):
            hidden.putalpha(0)
            results.append(made.done(Redact(regions=(0, 0, 100, 100), mode=mode), hidden).tobytes())
        assert results[0] == results[1]

    def test_the_shape_of_transparency_is_coarse_too(self) -> None:
        image = Image.new("RGBA", (96, 96), "white")
        image.putalpha(made.checkerboard(96, 96, cell=4).convert("L"))
        alpha = alpha_of(made.done(Redact(regions=(0, 0, 96, 96), mode="pixelate"), image))
        assert len(np.unique(alpha)) == 1

    @pytest.mark.parametrize(
        ("color", "left"), [("transparent", (0, 0, 0, 0)), ("#ff880080", (255, 136, 0, 128))]
    )
    @pytest.mark.parametrize("mode", ["RGB", "RGBA"])
    def test_nothing_shows_through_a_translucent_fill(
        self, mode: str, color: str, left: tuple[int, ...]
    ) -> None:
        image = made.picture().convert(mode)
        result = np.asarray(made.done(Redact(regions=(10, 10, 5, 5), color=color), image))
        assert (result[10:15, 10:15] == left).all()
        assert (result[..., 3] == 255).sum() == 120 * 80 - 25

    @pytest.mark.parametrize("mode", MODES)
    def test_every_frame_of_an_animation(self, mode: str, tmp_path: Path) -> None:
        frames = [made.checkerboard(60, 40, cell=cell) for cell in (1, 3, 5)]
        text = f"transform=redact:regions=10;10;32;16,mode={mode}"
        _, content = made.rendered(made.encoded_animation("png", frames), text, tmp_path)
        shown = made.frames_of(content, tmp_path)
        assert len(shown) == 3
        for frame, before in zip(shown, frames, strict=True):
            assert made.pixels(frame.image)[10:26, 10:42].std() < 40  # of 127 before
            assert made.furthest(frame.image.crop((0, 0, 60, 10)), before.crop((0, 0, 60, 10))) == 0


@pytest.mark.parametrize(
    ("name", "values", "pointer"),
    [
        pytest.param("mask", {}, "/shape", id="neither shape nor image"),
        pytest.param("mask", {"shape": "circle", "image": "part:a"}, "/shape", id="both"),
        pytest.param("mask", {"shape": "polygon"}, "/points", id="no points"),
        pytest.param("mask", {"shape": "circle", "points": [0, 0, 1, 1, 0, 1]}, "/points", id="points"),
        pytest.param("mask", {"shape": "polygon", "points": [0, 0, 1, 1]}, "/points", id="two points"),
        pytest.param("mask", {"shape": "circle", "radius": [5]}, "/radius", id="radius"),
        pytest.param("redact", {"regions": [0, 0, 5, 0]}, "/regions/3", id="no height"),
        pytest.param("redact", {"regions": [0, 0, 5, 5, 0, 0, -1, 1]}, "/regions/6", id="negative width"),
        pytest.param(
            "redact", {"regions": [0, 0, 1, 1.5], "unit": "ratio"}, "/regions/3", id="more than all"
        ),
        pytest.param("redact", {"regions": [0, 0, 5]}, "/regions", id="three numbers"),
    ],
)
def test_refused(name: str, values: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ParameterError) as caught:
        operations()[name].from_dict(values)
    assert caught.value.pointer == pointer


@pytest.mark.parametrize("regions", [(300, 0, 20, 20), (0, 0, 20, 20, -50, 0, 20, 20)])
def test_a_part_that_is_not_in_the_image_is_refused(regions: tuple[float, ...]) -> None:
    """It is refused before a pixel is decoded. Otherwise the client would take the image for redacted."""
    with pytest.raises(ParameterError, match=r"redact\.regions") as refusal:
        measure(Redact(regions=regions), Size(120, 80))
    assert refusal.value.pointer == f"/regions/{len(regions) - 4}"


def test_shares_that_are_called_px_are_refused() -> None:
    with pytest.raises(ParameterError, match="unit=ratio"):
        Redact(regions=(0.2, 0.3, 0.4, 0.3))


@pytest.mark.parametrize("mode", ["pixelate", "blur"])
def test_white_stays_white_in_large_parts(mode: str) -> None:
    white = Image.new("RGB", (2_000, 1_500), "white")
    operation = Redact(regions=(0, 0, 1, 1), unit="ratio", mode=mode, size=1_000)  # type: ignore[arg-type]
    assert made.done(operation, white).getextrema() == ((255, 255),) * 3
