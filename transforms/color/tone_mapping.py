"""PQ and HLG become sRGB by the reference-white tone mapping of SMPTE ST 2094-50.

It is formula D.1 of candidate draft 2.

The white of a page, 203 nits, comes out at half the light of white, and 1,000 nits are white."""

from functools import lru_cache
from math import sqrt

from PIL import Image, ImageFilter

from .description import BT709, BT2020, ColorDescription, HdrTransfer, Primaries
from .matrices import Matrix, Row, inverted, product, rgb_to_xyz, times

REFERENCE_WHITE_NITS = 203.0
"""ITU-R BT.2408."""
PEAK_NITS = 1_000.0
_KAPPA = 0.65
_PAGE_WHITE = 0.5
"""The light of the reference white in the result."""
CUBE_SIDE = 65
"""Of the table for colours. 33 doubles its error, and a table of 65 has 3 MB."""
_PQ_NITS = 10_000.0
_PQ_M1 = 2610 / 16384
_PQ_M2 = 2523 / 4096 * 128
_PQ_C1 = 3424 / 4096
_PQ_C2 = 2413 / 4096 * 32
_PQ_C3 = 2392 / 4096 * 32
_HLG_A = 0.17883277
_HLG_B = 1 - 4 * _HLG_A
_HLG_C = 0.55991073
_HLG_SYSTEM_GAMMA = 1.2
"""ITU-R BT.2100: PQ's curve, and HLG's with the gamma of a display of 1,000 nits."""
_BT2020_LUMINANCE: Row = (0.2627, 0.6780, 0.0593)
_ENCODING_STEPS = 4_096


def tone_map(image: Image.Image, description: ColorDescription) -> Image.Image:
    """Return an image in RGB or L, whose values are those of PQ or HLG, in sRGB."""
    if image.mode == "L":
        return image.point(_grey_table(description))
    return image.filter(_color_table(description))


@lru_cache(maxsize=4)
def _grey_table(description: ColorDescription) -> list[int]:
    mapping = _Mapping(description)
    return [round(255 * mapping.srgb(value, value, value)[0]) for value in mapping.light(256)]


@lru_cache(maxsize=4)
def _color_table(description: ColorDescription) -> ImageFilter.Color3DLUT:
    mapping = _Mapping(description)
    lights = mapping.light(CUBE_SIDE)
    table = [
        channel
        for blue in lights
        for green in lights
        for red in lights
        for channel in mapping.srgb(red, green, blue)
    ]
    return ImageFilter.Color3DLUT(CUBE_SIDE, table)


class _Mapping:
    """The mapping of one kind of source."""

    def __init__(self, description: ColorDescription) -> None:
        source = description.primaries or BT709
        self._is_hlg = description.transfer is HdrTransfer.HLG
        self._to_bt2020 = None if source == BT2020 else _between(source, BT2020)
        self._to_bt709 = _between(BT2020, BT709)
        self._encoded = [_encode(step / _ENCODING_STEPS) for step in range(_ENCODING_STEPS + 1)]

    def light(self, count: int) -> list[float]:
        """Return the light of `count` values from 0 to 1.

        That of PQ is relative to the reference white, that of HLG is the scene's."""
        of_value = _hlg_scene_light if self._is_hlg else _pq_light
        return [of_value(step / (count - 1)) for step in range(count)]

    def srgb(self, red: float, green: float, blue: float) -> Row:
        """Return a colour in sRGB, 0 to 1."""
        color = (red, green, blue)
        if self._to_bt2020:
            color = times(self._to_bt2020, color)
        gain = self._gain(color)
        (a, b, c), (d, e, f), (g, h, i) = self._to_bt709
        red, green, blue = color[0] * gain, color[1] * gain, color[2] * gain
        return (
            self._encode(a * red + b * green + c * blue),
            self._encode(d * red + e * green + f * blue),
            self._encode(g * red + h * green + i * blue),
        )

    def _gain(self, color: Row) -> float:
        display_gain = _hlg_display_gain(color) if self._is_hlg else 1.0
        brightest = max(color) * display_gain
        if brightest <= 1:
            return _PAGE_WHITE * display_gain
        return mapped_light(brightest) / brightest * display_gain

    def _encode(self, light: float) -> float:
        if light <= 0:
            return 0.0
        if light >= 1:
            return 1.0
        position = light * _ENCODING_STEPS
        step = int(position)
        below = self._encoded[step]
        return below + (position - step) * (self._encoded[step + 1] - below)


def mapped_light(light: float) -> float:
    """Return the light in the result, 0 to 1, of a light relative to the reference white.

    Above that white the curve is a quadratic Bezier with a middle point given by kappa."""
    peak = PEAK_NITS / REFERENCE_WHITE_NITS
    if light <= 1:
        return _PAGE_WHITE * light
    if light >= peak:
        return 1.0
    middle_x = (1 - _KAPPA) + _KAPPA / _PAGE_WHITE
    middle_y = (1 - _KAPPA) * _PAGE_WHITE + _KAPPA
    a = 1 - 2 * middle_x + peak
    b = 2 * (middle_x - 1)
    c = 1 - light
    t = (-b + sqrt(b * b - 4 * a * c)) / (2 * a)
    return (1 - t) ** 2 * _PAGE_WHITE + 2 * (1 - t) * t * middle_y + t * t


def _pq_light(value: float) -> float:
    root = value ** (1 / _PQ_M2)
    nits = _PQ_NITS * (max(0.0, root - _PQ_C1) / (_PQ_C2 - _PQ_C3 * root)) ** (1 / _PQ_M1)
    return float(nits / REFERENCE_WHITE_NITS)


def _hlg_scene_light(value: float) -> float:
    if value <= 0.5:
        return value * value / 3
    return float((2.718281828459045 ** ((value - _HLG_C) / _HLG_A) + _HLG_B) / 12)


def _hlg_display_gain(color: Row) -> float:
    """Return the light of a display relative to the reference white, per light of the scene."""
    luminance = sum(weight * light for weight, light in zip(_BT2020_LUMINANCE, color, strict=True))
    if luminance <= 0:
        return 0.0
    return float(PEAK_NITS / REFERENCE_WHITE_NITS * luminance ** (_HLG_SYSTEM_GAMMA - 1))


def _between(source: Primaries, target: Primaries) -> Matrix:
    return product(inverted(rgb_to_xyz(target)), rgb_to_xyz(source))


def _encode(light: float) -> float:
    if light <= 0.0031308:
        return 12.92 * light
    return float(1.055 * light ** (1 / 2.4) - 0.055)
