"""Changes of tone: exact levels on a ramp, formulas in floating point, neighbours that are one pass."""

import base64
import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import sync_playwright
from skimage.color import rgb2xyz

from progimage.errors import ParameterError
from progimage.operations import operations, tone
from tests.conftest import skip_or_fail
from tests.support import images as made
from tests.support.chromium import CHROMIUM_FLAGS
from tests.support.tone_formulas import (
    FORMULAS,
    LEVELS,
    ROUNDED_ONCE,
    colours,
    distance,
    ramp,
    toned,
)

CATALOGUE = [name for name, operation in operations().items() if operation.__module__ == tone.__name__]


def example(name: str) -> str:
    spelled = operations()[name].example
    return f"{name}:{spelled}" if spelled else name


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


@pytest.mark.slow
def test_what_css_has_is_as_a_browser_draws_it() -> None:
    """Alone and one after the other: a browser clips between filters too."""
    chromium = shutil.which("chromium")
    if chromium is None:
        skip_or_fail("chromium is not installed: apt-get install chromium")
    source = f"data:image/png;base64,{base64.b64encode(made.encoded('png', colours())).decode()}"
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS).new_page()
        drawn = {text: page.evaluate(DRAW, [source, css]) for text, css in CSS.items()}
    for text, levels in drawn.items():
        furthest = np.abs(made.pixels(toned(text, colours()), "RGBA").ravel() - np.array(levels)).max()
        assert furthest <= 1, text  # the browser's own tables round down


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
