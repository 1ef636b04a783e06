"""Changes of tone as formulas in floating point."""

from collections.abc import Callable
from itertools import product
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.color import rgb2xyz, xyz2rgb

from progimage.text_form import parse_text
from tests.support import images as made
from transforms.render import merge, render

Pixels = NDArray[np.float64]
LEVELS = np.arange(256)
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
ROUNDED_ONCE = 0.5 + 1e-2
"""Of a level: half for the rounding, the rest for single precision in a matrix and scikit-image's constants."""


def distance(text: str) -> float:
    """Return how far the pixels are from the formulas of all steps, clipped after each and never rounded."""
    value = made.pixels(colours()) / 255
    for step in text.split("/"):
        value = FORMULAS[step](value).clip(0, 1)
    return float(np.abs(made.pixels(toned(text, colours())) - 255 * value).max())
