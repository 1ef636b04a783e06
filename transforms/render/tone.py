"""Rendering of progimage/operations/tone.py: the form of each operation, which tables.py then renders.

histogram.py has the operations that count pixels first."""

from functools import singledispatch
from math import cos, radians, sin
from typing import Any

from PIL import Image

from progimage.operations import tone
from progimage.parameters import color_channels
from transforms.color.description import SRGB_CURVE

from .dispatch import join, needs_luma_alone, render
from .tables import Curve, Curves, Matrix, Rows, compose

_BT601 = (0.299, 0.587, 0.114)
_UNIT = (
    (1.0, 0.0, 0.0),
    (0.0, 1.0, 0.0),
    (0.0, 0.0, 1.0),
)

# Filter Effects 1: feColorMatrix (saturate and hueRotate are sums of these) and sepia()
_SEPIA = (
    (0.393, 0.769, 0.189),
    (0.349, 0.686, 0.168),
    (0.272, 0.534, 0.131),
)
_GREY = ((0.213, 0.715, 0.072),) * 3
_COLOR = (
    (0.787, -0.715, -0.072),
    (-0.213, 0.285, -0.072),
    (-0.213, -0.715, 0.928),
)
_TURNED = (
    (-0.213, -0.715, 0.928),
    (0.143, 0.140, -0.283),
    (-0.787, 0.715, 0.072),
)


@singledispatch
def form(step: Any) -> Curves | Matrix | None:
    """Return the form of a step; None if it is no change of tone, or one that depends on the pixels."""
    return step if isinstance(step, Curves | Matrix) else None


@form.register
def brightness(operation: tone.Brightness) -> Curves:
    return alike(line(1 + operation.amount / 100))


@form.register
def contrast(operation: tone.Contrast) -> Curves:
    slope = 1 + operation.amount / 100
    return alike(line(slope, 0.5 - 0.5 * slope))


@form.register
def saturation(operation: tone.Saturation) -> Matrix:
    strength = 1 + operation.amount / 100
    return weighted((1, _GREY), (strength, _COLOR))


@form.register
def exposure(operation: tone.Exposure) -> Curves:
    return alike(light(2**operation.stops))


@form.register
def gamma(operation: tone.Gamma) -> Curves:
    return alike(power(1 / operation.gamma))


@form.register
def hue(operation: tone.Hue) -> Matrix:
    angle = radians(operation.angle)
    return weighted(
        (1, _GREY),
        (cos(angle), _COLOR),
        (sin(angle), _TURNED),
    )


@form.register
def temperature(operation: tone.Temperature) -> Curves:
    gain = 2 ** (operation.amount / 200)
    return Curves((light(gain), line(1), light(1 / gain)))


@form.register
def levels(operation: tone.Levels) -> Curves:
    spread = operation.white - operation.black
    low = operation.out_black / 255
    high = operation.out_white / 255
    stretched = line(255 / spread, -operation.black / spread)
    bent = compose(stretched, power(1 / operation.gamma))
    return alike(compose(bent, line(high - low, low)))


@form.register
def grayscale(operation: tone.Grayscale) -> Curves:
    return alike(line(1), of_luma=True)


@needs_luma_alone.register
def grayscale_needs_luma_alone(operation: tone.Grayscale) -> bool:
    return True


@form.register
def sepia(operation: tone.Sepia) -> Matrix:
    share = operation.amount / 100
    return weighted((1 - share, _UNIT), (share, _SEPIA))


@form.register
def tint(operation: tone.Tint) -> Matrix:
    share = operation.amount / 100
    color = color_channels(operation.color)[:3]
    rows = [tuple(channel / 255 * weight for weight in _BT601) for channel in color]
    return weighted((1 - share, _UNIT), (share, tuple(rows)))


@form.register
def duotone(operation: tone.Duotone) -> Curves:
    shadows = color_channels(operation.shadows)[:3]
    highlights = color_channels(operation.highlights)[:3]
    pairs = zip(shadows, highlights, strict=True)
    channels = []
    for low, high in pairs:
        slope = (high - low) / 255
        channels.append(line(slope, low / 255))
    return Curves(tuple(channels), of_luma=True)


@form.register
def invert(operation: tone.Invert) -> Curves:
    return alike(line(-1, 1))


@form.register
def threshold(operation: tone.Threshold) -> Curves:
    # a value that rounds to the level reaches it, even after a joined neighbour that does not round
    least = operation.level - 0.5

    def step(value: float) -> float:
        return 1.0 if 255 * value > least else 0.0

    return alike(step, of_luma=True)


@form.register
def posterize(operation: tone.Posterize) -> Curves:
    steps = operation.levels - 1
    return alike(lambda value: int(value * steps + 0.5) / steps)


def alike(curve: Curve, *, of_luma: bool = False) -> Curves:
    return Curves((curve, curve, curve), of_luma=of_luma)


def line(slope: float, start: float = 0.0) -> Curve:
    return lambda value: slope * value + start


def power(exponent: float) -> Curve:
    return lambda value: float(value**exponent)


def light(gain: float) -> Curve:
    """Return the curve that multiplies linear light. Source: IEC 61966-2-1."""
    return lambda value: SRGB_CURVE.value(gain * SRGB_CURVE.light(value))


def weighted(*parts: tuple[float, Rows]) -> Matrix:
    """Return the sum of matrices, each times its weight."""
    rows = []
    for row in range(3):
        weighted_rows = [(weight, matrix[row]) for weight, matrix in parts]
        sums = [sum(weight * shares[column] for weight, shares in weighted_rows) for column in range(3)]
        rows.append(tuple(sums))
    return Matrix(tuple(rows))


def render_tone(step: Any, image: Image.Image) -> Image.Image:
    return render(form(step), image)


def join_tones(step: Any, following: Any) -> Curves | Matrix | None:
    first = form(step)
    second = form(following)
    if isinstance(first, Curves) and isinstance(second, Curves):
        return first.then(second)
    if isinstance(first, Matrix) and isinstance(second, Matrix):
        return first.then(second)
    return None


for _operation in form.registry.keys() - {object}:
    render.register(_operation, render_tone)
    join.register(_operation, join_tones)
join.register(Curves, join_tones)
join.register(Matrix, join_tones)
