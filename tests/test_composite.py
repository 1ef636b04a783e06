"""Layers on and below an image, and borders around it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from progimage.errors import ParameterError
from progimage.operations import Output
from progimage.operations.composite import Border, Composite, Shadow
from progimage.transform import Transform
from tests.support import images as made
from transforms.engine import render_file
from transforms.geometry import Size
from transforms.planning.resolve import resolve
from transforms.render import measure

BELOW = Size(100, 80)
RED, WHITE = (255, 0, 0), (255, 255, 255)


def laid(other: Image.Image, below: Image.Image | None = None, **values: Any) -> Image.Image:
    return made.done(Composite(image="part:layer", **values), below or Image.new("RGB", BELOW, WHITE), other)


def seen(result: Image.Image) -> tuple[int, int, int, int] | None:
    """Return left, top, right and bottom of the pixels that are not white."""
    return Image.eval(result.convert("RGB"), lambda value: 255 - value).getbbox()


@pytest.mark.parametrize(
    ("values", "box"),
    [
        pytest.param({}, (45, 37, 55, 43), id="centre"),
        pytest.param({"gravity": "northwest"}, (0, 0, 10, 6), id="northwest"),
        pytest.param({"gravity": "southeast"}, (90, 74, 100, 80), id="southeast"),
        pytest.param({"gravity": "southeast", "x": 5, "y": 7}, (85, 67, 95, 73), id="inwards"),
        pytest.param({"gravity": "north", "x": 5, "y": 7}, (50, 7, 60, 13), id="right of the middle"),
        pytest.param({"gravity": "east", "x": -4}, (94, 37, 100, 43), id="cut off"),
        pytest.param({"gravity": "west", "x": 100}, None, id="outside"),
        pytest.param({"gravity": "northwest", "x": -10}, None, id="outside on the left"),
        pytest.param({"gravity": "northwest", "width": 20}, (0, 0, 20, 12), id="width"),
        pytest.param({"gravity": "northwest", "height": 3}, (0, 0, 5, 3), id="height"),
        pytest.param({"gravity": "northwest", "width": 20, "height": 6}, (0, 0, 10, 6), id="in a box"),
        pytest.param({"gravity": "northwest", "scale": 0.5}, (0, 0, 50, 30), id="scale"),
        pytest.param({"gravity": "northwest", "width": 500}, (0, 0, 100, 60), id="never larger than below"),
        pytest.param({"gravity": "northwest", "rotation": 90}, (0, 0, 6, 10), id="turned"),
        pytest.param({"opacity": 0}, None, id="invisible"),
    ],
)
@pytest.mark.parametrize("blend", ["normal", "multiply"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_where_the_layer_lies(
    values: dict[str, Any], box: tuple[int, int, int, int] | None, blend: str, mode: str
) -> None:
    below = Image.new(mode, BELOW, "white")
    result = laid(Image.new("RGB", (10, 6), RED), below, blend=blend, **values)
    assert (result.mode, result.size, seen(result)) == (mode, BELOW, box)
    if box:
        assert made.furthest(result.crop(box), Image.new("RGB", (box[2] - box[0], box[3] - box[1]), RED)) == 0


def test_a_layer_that_is_larger_shrinks() -> None:
    assert seen(laid(Image.new("RGB", (500, 200), RED))) == (0, 20, 100, 60)


@pytest.mark.parametrize("opacity", [1, 25, 50, 99])
def test_opacity(opacity: float) -> None:
    result = made.pixels(laid(Image.new("RGB", BELOW, "black"), opacity=opacity))
    assert np.abs(result - 255 * (1 - opacity / 100)).max() <= 1


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("gap", [(0, 0), (3, 5)])
@pytest.mark.parametrize("gravity", ["northwest", "center", "southeast"])
def test_tiles_stand_in_rows_and_columns(mode: str, gap: tuple[int, int], gravity: Any) -> None:
    layer = made.picture(10, 6)
    result = laid(layer, Image.new(mode, BELOW, "white"), tile=True, gravity=gravity, x=gap[0], y=gap[1])
    cell = np.full((6 + gap[1], 10 + gap[0], 3), 255.0)
    cell[:6, :10] = made.pixels(layer)
    left, top = {"northwest": (0, 0), "center": (45, 37), "southeast": (90, 74)}[gravity]
    rows, columns = np.arange(80) - top, np.arange(100) - left
    expected = cell[(rows % cell.shape[0])[:, None], (columns % cell.shape[1])[None, :]]
    assert np.abs(made.pixels(result) - expected).max() == 0


@pytest.mark.parametrize("values", [{"width": 40}, {"rotation": 30}, {"scale": 0.3, "tile": True}])
def test_hidden_colours_of_the_layer_do_not_bleed(values: dict[str, Any]) -> None:
    """Red lies below the transparent half; green and blue of the rest are far from white's."""
    layer = Image.new("RGBA", (60, 60), (255, 0, 0, 0))
    layer.paste((0, 0, 255, 255), (30, 0, 60, 60))
    result = made.pixels(laid(layer, **values))
    assert result[..., 2].min() >= 253  # blue over white keeps all blue; red would take it away
    assert result[..., 0].min() <= 2


def test_turned_edges_are_smooth() -> None:
    result = made.pixels(laid(Image.new("RGB", (40, 40), "black"), rotation=20))[..., 0]
    assert ((result > 20) & (result < 235)).sum() > 60
    assert abs((255 - result).sum() / 255 - 1600) < 16  # the area is kept within 1 %


def test_every_frame_of_an_animation_gets_the_layer(tmp_path: Path) -> None:
    source, target, other = (tmp_path / name for name in ("source", "target", "other"))
    source.write_bytes(made.encoded_animation("webp"))
    other.write_bytes(made.encoded("png", Image.new("RGB", (10, 6), WHITE)))
    reference = f"sha256:{'0' * 64}"
    transform = Transform((Composite(image=reference, gravity="south"),), Output(format="png"))
    render_file(source, resolve(transform, "webp"), target, others={reference: other})
    shown = made.frames_of(target.read_bytes(), tmp_path)
    assert [frame.image.getpixel((20, 27)) for frame in shown] == [(*WHITE, 255)] * 3
    assert [frame.image.getpixel((0, 0)) for frame in shown] == [
        (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255)
    ]  # fmt: skip


def test_a_scale_and_a_size_are_refused_together() -> None:
    with pytest.raises(ParameterError) as caught:
        Composite(image="part:a", scale=0.5, width=10)
    assert caught.value.pointer == "/scale"


@pytest.mark.parametrize(
    ("mode", "color", "expected"),
    [
        ("RGB", "lime", "RGB"),
        ("RGBA", "lime", "RGBA"),
        ("RGB", "#00ff0080", "RGBA"),
        ("RGBA", "#00ff0000", "RGBA"),
    ],
)
def test_a_border_stands_around_the_image(mode: str, color: str, expected: str) -> None:
    image = made.translucent() if mode == "RGBA" else made.picture()
    operation = Border(width=7, color=color)
    result = made.done(operation, image)
    assert result.mode == expected
    assert result.size == (134, 94) == measure(operation, Size(120, 80))
    assert made.furthest(result.crop((7, 7, 127, 87)), image, "RGBA") == 0
    frame = made.pixels(result, "RGBA")
    frame[7:-7, 7:-7] = frame[0, 0]
    assert (frame == made.pixels(Image.new("RGBA", (1, 1), color), "RGBA")).all()


class TestShadow:
    @pytest.mark.parametrize(
        ("values", "size", "at"),
        [
            pytest.param({"x": 0, "y": 0, "sigma": 0}, (40, 30), (0, 0), id="none"),
            pytest.param({"x": 5, "y": 8, "sigma": 0}, (45, 38), (0, 0), id="right and down"),
            pytest.param({"x": -5, "y": -8, "sigma": 0}, (45, 38), (5, 8), id="left and up"),
            pytest.param({"x": 0, "y": 0, "sigma": 2}, (52, 42), (6, 6), id="soft"),
            pytest.param({"x": 4, "y": 9, "sigma": 2}, (52, 45), (2, 0), id="soft and apart"),
        ],
    )
    def test_the_canvas_grows_by_what_it_needs(
        self, values: dict[str, Any], size: tuple[int, int], at: tuple[int, int]
    ) -> None:
        operation, image = Shadow(**values), made.picture(40, 30)
        result = made.done(operation, image)
        assert result.size == size == measure(operation, Size(40, 30))
        assert made.furthest(result.crop((*at, at[0] + 40, at[1] + 30)), image, "RGBA") == 0

    @pytest.mark.parametrize("sigma", [0.5, 3.0, 10.0])
    @pytest.mark.parametrize(("x", "y"), [(0, 0), (60, -70)])
    def test_it_is_the_blurred_shape_in_one_colour(self, x: int, y: int, sigma: float) -> None:
        """Three boxes instead of a Gaussian: at most 3 % apart. Beyond the canvas less than one level is lost."""
        image = Image.new("RGBA", (50, 40))
        image.paste((255, 0, 0, 255), (10, 10, 40, 30))
        operation = Shadow(x=x, y=y, sigma=sigma, color="#0040ff80")
        result = made.done(operation, image)
        reach = int(np.ceil(3 * sigma))
        left, top = max(0, reach - x), max(0, reach - y)
        cast = np.zeros((result.height + 200, result.width + 200))
        cast[100 + top + y + 10 : 100 + top + y + 30, 100 + left + x + 10 : 100 + left + x + 40] = 128
        expected = ndimage.gaussian_filter(cast, sigma, truncate=6)
        inside = expected[100:-100, 100:-100].copy()
        expected[100:-100, 100:-100] = 0
        assert expected.max() < 1
        after = made.pixels(result, "RGBA")
        is_shadow = np.ones(inside.shape, bool)
        is_shadow[top + 10 : top + 30, left + 10 : left + 40] = False
        assert np.abs(after[..., 3] - inside)[is_shadow].max() <= 0.03 * 128
        visible = after[is_shadow & (after[..., 3] > 0)]
        assert (visible[:, :3] == (0, 64, 255)).all()
