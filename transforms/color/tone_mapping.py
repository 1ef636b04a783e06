"""PQ and HLG become sRGB by the reference-white tone mapping of SMPTE ST 2094-50.

It is formula D.1 of candidate draft 2.

The white of a page, 203 nits, comes out at half the light of white, and 1,000 nits are white."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from operator import add

from PIL import Image, ImageFilter

from .description import BT709, BT2020, ColorDescription, HdrTransfer, Primaries, Transfer
from .matrices import Matrix, Row, inverted, product, rgb_to_d50, times, transposed

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
_ENCODING_STEPS = 16_384


def tone_map(image: Image.Image, description: ColorDescription) -> Image.Image:
    """Return an image in RGB or L, whose values are those of PQ or HLG, in sRGB."""
    if image.mode == "L":
        return image.point(_grey_table(description.transfer))
    return image.filter(_color_table(description.transfer, description.primaries or BT709))


@lru_cache(maxsize=4)
def _grey_table(transfer: Transfer | None) -> list[int]:
    mapping = _MAPPINGS[transfer]
    # all matrices here leave greys as they are
    lights = [mapping.light(step) for step in _steps(256)]
    return [round(255 * _encode(light * mapping.gain(light, light))) for light in lights]


@lru_cache(maxsize=4)
def _color_table(transfer: Transfer | None, primaries: Primaries) -> ImageFilter.Color3DLUT:
    """Return the table of all colours, red varying fastest.

    The sums of green and blue stand outside of red's loop. That takes a third of a second."""
    mapping = _MAPPINGS[transfer]
    to_bt2020 = _between(primaries, BT2020)
    to_bt709 = _between(primaries, BT709)
    luminance = times(transposed(to_bt2020), _BT2020_LUMINANCE)
    weights = (*to_bt2020, luminance, *to_bt709)
    lights = [mapping.light(step) for step in _steps(CUBE_SIDE)]
    reds, greens, blues = (
        [[row[channel] * light for row in weights] for light in lights] for channel in range(3)
    )
    encoded = [_encode(step / _ENCODING_STEPS) for step in range(_ENCODING_STEPS + 1)]
    gain_of = mapping.gain
    table: list[float] = []
    for blue in blues:
        for green in greens:
            x0, y0, z0, l0, r0, g0, b0 = map(add, green, blue)
            for x1, y1, z1, l1, r1, g1, b1 in reds:
                gain = gain_of(max(x0 + x1, y0 + y1, z0 + z1), l0 + l1) * _ENCODING_STEPS
                for light in ((r0 + r1) * gain, (g0 + g1) * gain, (b0 + b1) * gain):
                    step = 0 if light <= 0 else min(_ENCODING_STEPS, int(light + 0.5))
                    table.append(encoded[step])
    return ImageFilter.Color3DLUT(CUBE_SIDE, table)


@dataclass(frozen=True)
class _Mapping:
    """How values become light, and light becomes that of the result.

    `gain` takes the brightest channel in BT.2020, and the luminance."""

    light: Callable[[float], float]
    gain: Callable[[float, float], float]


def _steps(count: int) -> list[float]:
    return [step / (count - 1) for step in range(count)]


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


def _pq_gain(brightest: float, _: float) -> float:
    return _PAGE_WHITE if brightest <= 1 else mapped_light(brightest) / brightest


def _hlg_gain(brightest: float, luminance: float) -> float:
    """Return the gain of a light of the scene, which a display makes brighter by its luminance."""
    if luminance <= 0:
        return 0.0
    display_gain = PEAK_NITS / REFERENCE_WHITE_NITS * luminance ** (_HLG_SYSTEM_GAMMA - 1)
    return float(display_gain * _pq_gain(brightest * display_gain, luminance))


_MAPPINGS: Mapping[Transfer | None, _Mapping] = {
    HdrTransfer.PQ: _Mapping(_pq_light, _pq_gain),
    HdrTransfer.HLG: _Mapping(_hlg_scene_light, _hlg_gain),
}


def _between(source: Primaries, target: Primaries) -> Matrix:
    return product(inverted(rgb_to_d50(target)), rgb_to_d50(source))


def _encode(light: float) -> float:
    if light <= 0.0031308:
        return 12.92 * light
    return float(1.055 * light ** (1 / 2.4) - 0.055)
