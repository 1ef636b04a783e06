"""Changes of tone: exact levels on a ramp, formulas in floating point, neighbours that are one pass."""

import base64
import io
import shutil
from collections.abc import Callable
from itertools import product
from math import cos, radians, sin
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps
from playwright.sync_api import sync_playwright
from skimage.color import rgb2xyz, xyz2rgb
from skimage.exposure import equalize_hist

from progimage.errors import ParameterError
from progimage.operations import operations, tone
from progimage.text_form import parse_text
from tests.conftest import skip_or_fail
from tests.support import images as made
from tests.test_browser import FLAGS
from transforms.render import merge, render

Pixels = NDArray[np.float64]
LEVELS = np.arange(256)
CATALOGUE = [name for name, operation in operations().items() if operation.__module__ == tone.__name__]

# CSS Filter Effects 1 gives hue-rotate() and saturate() as sums of these, and sepia() as the last
GREY = np.array([[0.213, 0.715, 0.072]] * 3)
TURN = np.array([[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]])
SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
BT601 = np.array([[0.299, 0.587, 0.114]] * 3)


def ramp(low: int = 0, high: int = 255) -> Image.Image:
    """Each grey level from `low` to `high` once, from left to right."""
    return Image.fromarray(np.arange(low, high + 1, dtype=np.uint8)[None]).convert("RGB")


def colours() -> Image.Image:
    """Every combination of 18 levels, the ends among them: 5,832 colours."""
    every = np.array(list(product(range(0, 256, 15), repeat=3)), dtype=np.uint8)
    return Image.fromarray(every.reshape(72, 81, 3))


def toned(text: str, image: Image.Image) -> Image.Image:
    for step in merge(parse_text(text)):
        image = render(step, image)
    return image


def one_by_one(text: str, image: Image.Image) -> Image.Image:
    for step in parse_text(text):
        image = render(step, image.convert("RGB"))
    return image


def passes(text: str) -> int:
    return len(merge(parse_text(text)))


def example(name: str) -> str:
    spelled = operations()[name].example
    return f"{name}:{spelled}" if spelled else name


def luma(value: Pixels) -> Pixels:
    """BT.601 luma as libjpeg has it, rounded to 8 bits by weights of 16 bits, in all three channels."""
    levels = (255 * value + 0.5).astype(int)
    rounded: Pixels = (levels @ [[19595] * 3, [38470] * 3, [7471] * 3] + 32768 >> 16) / 255
    return rounded


def on_xyz(value: Pixels, gain: float) -> Pixels:
    """scikit-image's sRGB to XYZ and back: light is multiplied between."""
    return np.asarray(xyz2rgb(rgb2xyz(value) * gain), dtype=np.float64)


def hue_and_saturation(saturation: float, degrees: float) -> Pixels:
    angle = radians(degrees)
    matrix: Pixels = GREY + saturation * cos(angle) * (np.eye(3) - GREY) + sin(angle) * TURN
    return matrix


Formulas = dict[str, Callable[[Pixels], Pixels]]
CURVES: Formulas = {
    "brightness:13": lambda value: value * 1.13,
    "brightness:-37": lambda value: value * 0.63,
    "contrast:27": lambda value: (value - 0.5) * 1.27 + 0.5,
    "contrast:-64": lambda value: (value - 0.5) * 0.36 + 0.5,
    "exposure:1.3": lambda value: on_xyz(value, 2**1.3),
    "exposure:-2": lambda value: on_xyz(value, 0.25),
    "gamma:2.2": lambda value: value ** (1 / 2.2),
    "gamma:0.45": lambda value: value ** (1 / 0.45),
    "levels:20,white=220,gamma=1.7,out_black=10,out_white=250": lambda value: (
        (((value * 255 - 20) / 200).clip(0, 1)) ** (1 / 1.7) * 240 + 10
    ) / 255,
    "levels:out_black=250,out_white=5": lambda value: (250 - 245 * value) / 255,
    "invert": lambda value: 1 - value,
}  # fmt: skip
MATRICES: Formulas = {
    "saturation:80": lambda value: value @ hue_and_saturation(1.8, 0).T,
    "saturation:-30": lambda value: value @ hue_and_saturation(0.7, 0).T,
    "hue:75": lambda value: value @ hue_and_saturation(1, 75).T,
    "hue:-200": lambda value: value @ hue_and_saturation(1, -200).T,
    "sepia": lambda value: value @ SEPIA.T,
    "sepia:35": lambda value: value @ (0.65 * np.eye(3) + 0.35 * SEPIA).T,
    "tint:ff8000,amount=60": lambda value: (
        0.4 * value + 0.6 * (value @ BT601.T) * np.array([255, 128, 0]) / 255
    ),
}
OF_LUMA: Formulas = {
    "grayscale": luma,
    "threshold:90": lambda value: (luma(value) * 255 > 89.9).astype(float),
    "duotone:102040,highlights=ffe0a0": lambda value: (
        (1 - luma(value)) * np.array([16, 32, 64]) / 255 + luma(value) * np.array([255, 224, 160]) / 255
    ),
}
FORMULAS = CURVES | MATRICES | OF_LUMA | {"posterize:5": lambda value: np.round(value * 4) / 4}

CSS = {
    "brightness:35": "brightness(1.35)",
    "contrast:-70": "contrast(0.3)",
    "saturation:80": "saturate(1.8)",
    "hue:75": "hue-rotate(75deg)",
    "sepia:40": "sepia(0.4)",
    "invert": "invert(1)",
    "brightness:50/contrast:-50": "brightness(1.5) contrast(0.5)",
    "saturation:80/hue:75": "saturate(1.8) hue-rotate(75deg)",
}
DRAW = """async ([source, filter]) => {
    const image = new Image()
    image.src = source
    await image.decode()
    const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d")
    canvas.filter = filter
    canvas.drawImage(image, 0, 0)
    return Array.from(canvas.getImageData(0, 0, image.width, image.height).data)
}"""

ROUNDED_ONCE = 0.5 + 1e-2
"""Of a level: half for the rounding, the rest for single precision in a matrix and scikit-image's constants."""


def distance(text: str) -> float:
    """Return how far the pixels are from the formulas of all steps, clipped after each and never rounded."""
    value = made.pixels(colours()) / 255
    for step in text.split("/"):
        value = FORMULAS[step](value).clip(0, 1)
    return float(np.abs(made.pixels(toned(text, colours())) - 255 * value).max())


@pytest.mark.parametrize("text", FORMULAS)
def test_pixels_are_the_formula_rounded_once(text: str) -> None:
    assert distance(text) <= ROUNDED_ONCE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("brightness:100", np.minimum(2 * LEVELS, 255)),
        ("brightness:-100", 0 * LEVELS),
        ("contrast:-100", 0 * LEVELS + 128),
        ("saturation:60", LEVELS),
        ("hue:50", LEVELS),
        ("invert", 255 - LEVELS),
        ("levels:100,white=151", (5 * (LEVELS - 100)).clip(0, 255)),
        ("levels:out_black=255,out_white=0", 255 - LEVELS),
        ("posterize:2", np.where(LEVELS < 128, 0, 255)),
        ("posterize:4", (LEVELS + 42) // 85 * 85),
        ("threshold", np.where(LEVELS < 128, 0, 255)),
        ("threshold:0", 0 * LEVELS + 255),
        ("threshold:255", np.where(LEVELS < 255, 0, 255)),
        ("autocontrast:0", LEVELS),
        ("equalize", LEVELS),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_levels_of_a_ramp_are_exact(text: str, expected: NDArray[Any]) -> None:
    assert (np.asarray(toned(text, ramp()).convert("RGB"))[0] == expected[:, None]).all()


@pytest.mark.parametrize(
    "text",
    ["brightness:0", "contrast:0", "saturation:0", "exposure:0", "gamma:1", "hue:0", "hue:360", "hue:-360", "temperature:0",
     "levels", "sepia:0", "tint:red,amount=0", "posterize:256", "invert/invert", "autocontrast:0"],
)  # fmt: skip
def test_none_changes_nothing(text: str) -> None:
    assert made.furthest(toned(text, colours()), colours()) == 0


@pytest.mark.parametrize("amount", [100, -100, 30])
def test_temperature_moves_red_and_blue_against_each_other_in_light(amount: int) -> None:
    before, after = (
        rgb2xyz(made.pixels(image) / 255) @ np.linalg.inv(rgb2xyz(np.eye(3)))
        for image in (ramp(40, 200), toned(f"temperature:{amount}", ramp(40, 200)))
    )
    stops = np.log2(after / before).reshape(-1, 3).mean(axis=0)
    assert stops == pytest.approx([amount / 200, 0, -amount / 200], abs=0.002)  # 8 bits, averaged


def test_colours_of_a_tint_and_a_duotone_are_those_of_white_and_black() -> None:
    assert toned("tint:336699", ramp()).getpixel((255, 0)) == (0x33, 0x66, 0x99)
    assert toned("tint:336699", ramp()).getpixel((0, 0)) == (0, 0, 0)
    two = toned("duotone:shadows=112233,highlights=fedcba", ramp())
    assert (two.getpixel((0, 0)), two.getpixel((255, 0))) == ((0x11, 0x22, 0x33), (0xFE, 0xDC, 0xBA))


def test_what_css_has_is_as_a_browser_draws_it() -> None:
    """Alone and one after the other: a browser clips between filters too."""
    chromium = shutil.which("chromium")
    if chromium is None:
        skip_or_fail("chromium is not installed: apt-get install chromium")
    source = f"data:image/png;base64,{base64.b64encode(made.encoded('png', colours())).decode()}"
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=chromium, args=FLAGS).new_page()
        drawn = {text: page.evaluate(DRAW, [source, css]) for text, css in CSS.items()}
    for text, levels in drawn.items():
        furthest = np.abs(made.pixels(toned(text, colours()), "RGBA").ravel() - np.array(levels)).max()
        assert furthest <= 1, text  # the browser's own tables round down


class TestNeighbours:
    @pytest.mark.parametrize("second", CURVES)
    @pytest.mark.parametrize("first", CURVES)
    def test_curves_are_one_pass_and_rounded_once(self, first: str, second: str) -> None:
        assert passes(f"{first}/{second}") == 1
        assert distance(f"{first}/{second}") <= ROUNDED_ONCE

    @pytest.mark.parametrize("second", MATRICES)
    @pytest.mark.parametrize("first", ["saturation:-30", "tint:ff8000,amount=60"])
    def test_matrices_are_one_pass_where_the_first_clips_nothing(self, first: str, second: str) -> None:
        assert passes(f"{first}/{second}") == 1
        assert distance(f"{first}/{second}") <= ROUNDED_ONCE

    @pytest.mark.parametrize("second", [*CURVES, *OF_LUMA])
    @pytest.mark.parametrize("first", ["grayscale", "threshold:90"])
    def test_what_is_grey_takes_any_curve_in_its_pass(self, first: str, second: str) -> None:
        assert passes(f"{first}/{second}") == 1
        expected = one_by_one(f"{first}/{second}", colours())
        assert made.furthest(toned(f"{first}/{second}", colours()), expected) == 0

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("saturation:80/hue:75", id="a product would not clip"),
            pytest.param("brightness:30/sepia", id="a curve and a matrix"),
            pytest.param("sepia/brightness:30", id="a matrix and a curve"),
            pytest.param("brightness:30/threshold", id="luma of three curves"),
            pytest.param("duotone:red,highlights=blue/grayscale", id="luma of two colours"),
            pytest.param("autocontrast/brightness:30", id="statistics before"),
            pytest.param("brightness:30/equalize", id="statistics after"),
            pytest.param("brightness:30/resize:40", id="another kind"),
        ],
    )
    def test_others_stay_two(self, text: str) -> None:
        assert passes(text) == 2

    def test_ten_of_them_are_one_pass(self) -> None:
        text = "/".join(list(CURVES)[:10])
        assert passes(text) == 1
        assert distance(text) <= ROUNDED_ONCE

    def test_nothing_is_rounded_between_them(self) -> None:
        """Sixteen levels are left of 256 where each of the two is a pass by itself."""
        text = "brightness:-94/levels:white=15"
        assert len(set(made.pixels(toned(text, ramp())).ravel())) > 200
        assert len(set(made.pixels(one_by_one(text, ramp())).ravel())) == 16

    @pytest.mark.parametrize("text", ["brightness:100/brightness:-50", "saturation:100/saturation:-50"])
    def test_each_is_clipped_before_the_next(self, text: str) -> None:
        """Joined or not, the same comes out but for the roundings: what is too bright or too colourful is lost."""
        assert made.furthest(toned(text, colours()), one_by_one(text, colours())) <= 1
        assert made.furthest(toned(text, colours()), colours()) > 60


class TestStatistics:
    @pytest.mark.parametrize("cutoff", [0, 1, 5.5, 30, 49])
    def test_autocontrast_is_that_of_pillow(self, cutoff: float) -> None:
        photograph = made.photograph(300, 200)
        expected = ImageOps.autocontrast(photograph, cutoff, preserve_tone=True)
        assert made.furthest(toned(f"autocontrast:{cutoff}", photograph), expected) <= 1  # it truncates

    def test_equalize_is_that_of_scikit_image(self) -> None:
        grey = made.photograph(300, 200).convert("L").convert("RGB")
        shares = equalize_hist(np.asarray(grey)[..., 0], nbins=256)  # type: ignore[no-untyped-call]
        expected = 255 * (shares - shares.min()) / (1 - shares.min())
        assert np.abs(made.pixels(toned("equalize", grey))[..., 0] - expected).max() <= 1  # it interpolates

    @pytest.mark.parametrize("name", ["autocontrast", "equalize"])
    def test_grey_stays_grey_beside_colours(self, name: str) -> None:
        image = made.picture()
        image.paste(ramp(100, 200), (0, 0))
        left = made.pixels(toned(name, image))[0, :101]
        assert np.ptp(left, axis=1).max() == 0

    @pytest.mark.parametrize("name", ["autocontrast:0", "equalize"])
    def test_hidden_pixels_do_not_count(self, name: str) -> None:
        image = Image.new("RGBA", (100, 2), "white")
        image.putalpha(0)
        image.paste(ramp(100, 199), (0, 0))
        shown = made.pixels(toned(name, image), "RGBA")[0]
        assert (shown[0].tolist(), shown[-1].tolist()) == ([0, 0, 0, 255], [255, 255, 255, 255])

    @pytest.mark.parametrize("name", ["autocontrast:0", "autocontrast:49", "equalize"])
    @pytest.mark.parametrize("color", ["#808080ff", "#ff8040ff", "#ff804000"])
    def test_one_colour_stays(self, name: str, color: str) -> None:
        flat = Image.new("RGBA", (5, 4), color)
        assert made.furthest(toned(name, flat), flat, "RGBA") == 0

    @pytest.mark.parametrize("name", ["autocontrast:0", "equalize"])
    def test_the_first_frame_decides_for_all(self, name: str, tmp_path: Path) -> None:
        frames = [ramp(100, 199), Image.new("RGB", (100, 1), "#707070"), ramp(80, 179)]
        source = made.encoded_animation("webp", frames, lossless=True)
        _, content = made.rendered(source, f"transform={name}&lossless=1", tmp_path)
        first, second, third = (made.pixels(frame.image) for frame in made.frames_of(content, tmp_path))
        assert (first[0, 0, 0], first[0, -1, 0]) == (0, 255)
        assert (second == first[0, 0x70 - 100]).all()
        assert (third[0, 20:] == first[0, :80]).all()


@pytest.mark.parametrize("name", CATALOGUE)
def test_alpha_stays_and_so_does_the_image_itself(name: str) -> None:
    image = colours()
    image.putalpha(Image.linear_gradient("L").resize(image.size).point(lambda level: level or 1))
    before = image.tobytes()
    result = toned(example(name), image)
    assert image.tobytes() == before
    assert result.mode == "RGBA"
    assert result.getchannel("A").tobytes() == image.getchannel("A").tobytes()
    assert made.furthest(result, toned(example(name), colours())) == 0


@pytest.mark.parametrize("text", ["grayscale", "threshold", "grayscale/contrast:30", "threshold/invert"])
def test_what_ends_grey_is_written_grey(text: str, tmp_path: Path) -> None:
    _, content = made.rendered(made.encoded("jpeg"), f"transform={text}&format=jpeg", tmp_path)
    assert Image.open(io.BytesIO(content)).mode == "L"


@pytest.mark.parametrize(("black", "white"), [(100, 100), (101, 100), (255, 255)])
def test_levels_needs_white_above_black(black: int, white: int) -> None:
    with pytest.raises(ParameterError) as caught:
        tone.Levels(black=black, white=white)
    assert caught.value.pointer == "/white"
    assert caught.value.message == (
        f"Expected a level above black, {black}, for levels.white but received {white}"
    )
