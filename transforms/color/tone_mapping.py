"""PQ and HLG become sRGB by the reference-white tone mapping of SMPTE ST 2094-50.

It is formula D.1 of candidate draft 2.

The white of a page, 203 nits, comes out at half the light of white, and 1,000 nits are white.
If the file tells of a darker picture, that white is lighter; in a brighter one, highlights keep more."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log2, sqrt
from operator import add

from PIL import Image, ImageFilter

from .description import BT709, BT2020, ColorDescription, HdrTransfer, Primaries, Transfer
from .matrices import Matrix, Row, inverted, product, rgb_to_d50, times, transposed

REFERENCE_WHITE_NITS = 203.0
"""ITU-R BT.2408."""
USUAL_PEAK_NITS = 1_000.0
"""Of a picture that does not tell; that of a reference display for HLG."""
_KAPPA = 0.65
_PAGE_WHITE = 0.5
"""The light of the reference white in the result, if the peak is the usual one or more."""
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
_CUT_LEVELS = (0.65, -0.15, 0.9)
"""Levels that red, green and blue lack on average if the decoder cuts brightness and colour differences to
8 bits before it makes them RGB, as libavif does. Measured on files of 10 and 12 bits of known colours."""
_NOT_CUT = (0.0, 0.0, 0.0)


def tone_map(image: Image.Image, description: ColorDescription) -> Image.Image:
    """Return an image in RGB or L, whose values are those of PQ or HLG, in sRGB."""
    if image.mode == "L":
        return image.point(_grey_table(description.transfer, _peak(description)))
    table = _color_table(
        description.transfer,
        _peak(description),
        description.primaries or BT709,
        _CUT_LEVELS if description.is_cut else _NOT_CUT,
    )
    return image.filter(table)


@lru_cache(maxsize=4)
def _grey_table(transfer: Transfer | None, peak: float) -> list[int]:
    mapping = _mapping(transfer, peak)
    # all matrices here leave greys as they are
    lights = [mapping.light(step) for step in _steps(256)]
    return [round(255 * _encode(light * mapping.gain(light, light))) for light in lights]


@lru_cache(maxsize=4)
def _color_table(
    transfer: Transfer | None,
    peak: float,
    primaries: Primaries,
    missing_levels: tuple[float, float, float],
) -> ImageFilter.Color3DLUT:
    """Return the table of all colours, red varying fastest.

    The sums of green and blue stand outside of red's loop. That takes a third of a second."""
    mapping = _mapping(transfer, peak)
    to_bt2020 = _between(primaries, BT2020)
    to_bt709 = _between(primaries, BT709)
    luminance = times(transposed(to_bt2020), _BT2020_LUMINANCE)
    weights = (*to_bt2020, luminance, *to_bt709)
    reds, greens, blues = (
        [
            [row[channel] * mapping.light(min(1.0, max(0.0, step + missing / 255))) for row in weights]
            for step in _steps(CUBE_SIDE)
        ]
        for channel, missing in enumerate(missing_levels)
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


def _peak(description: ColorDescription) -> float:
    """Return the brightest light of a picture, relative to the reference white."""
    nits = description.peak_nits or USUAL_PEAK_NITS
    return min(max(nits, REFERENCE_WHITE_NITS), _PQ_NITS) / REFERENCE_WHITE_NITS


def _mapping(transfer: Transfer | None, peak: float) -> _Mapping:
    curve = ToneCurve(peak)
    if transfer is HdrTransfer.HLG:
        return _Mapping(_hlg_scene_light, lambda brightest, luminance: _hlg_gain(curve, brightest, luminance))
    return _Mapping(_pq_light, lambda brightest, _: curve.gain(brightest))


def _steps(count: int) -> list[float]:
    return [step / (count - 1) for step in range(count)]


class ToneCurve:
    """The light in the result, 0 to 1, of a light up to `peak`. Both are relative to the reference white.

    Above that white the curve is a quadratic Bezier with a middle point given by kappa."""

    def __init__(self, peak: float) -> None:
        usual_peak = USUAL_PEAK_NITS / REFERENCE_WHITE_NITS
        self._peak = peak
        self._white = 1 - (1 - _PAGE_WHITE) * min(1.0, log2(peak) / log2(usual_peak))
        self._middle = (1 - _KAPPA) * self._white + _KAPPA
        middle_x = (1 - _KAPPA) + _KAPPA / self._white
        self._a = 1 - 2 * middle_x + peak
        self._b = 2 * (middle_x - 1)

    def gain(self, light: float) -> float:
        if light <= 1 or self._peak <= 1:
            # a picture without light beyond that white is not mapped, and single channels are cut off
            return self._white
        if light >= self._peak:
            return 1 / light
        share = self._share(light)
        rest = 1 - share
        mapped = rest * rest * self._white + 2 * rest * share * self._middle + share * share
        return mapped / light

    def _share(self, light: float) -> float:
        """Return the parameter of the Bezier curve, 0 to 1, at a light between the white and the peak."""
        root = sqrt(self._b * self._b + 4 * self._a * (light - 1))
        return 2 * (light - 1) / (self._b + root)


def _pq_light(value: float) -> float:
    root = value ** (1 / _PQ_M2)
    nits = _PQ_NITS * (max(0.0, root - _PQ_C1) / (_PQ_C2 - _PQ_C3 * root)) ** (1 / _PQ_M1)
    return float(nits / REFERENCE_WHITE_NITS)


def _hlg_scene_light(value: float) -> float:
    if value <= 0.5:
        return value * value / 3
    return (exp((value - _HLG_C) / _HLG_A) + _HLG_B) / 12


def _hlg_gain(curve: ToneCurve, brightest: float, luminance: float) -> float:
    """Return the gain of a light of the scene, which a display makes brighter by its luminance."""
    if luminance <= 0:
        return 0.0
    display_gain = USUAL_PEAK_NITS / REFERENCE_WHITE_NITS * luminance ** (_HLG_SYSTEM_GAMMA - 1)
    return float(display_gain * curve.gain(brightest * display_gain))


def _between(source: Primaries, target: Primaries) -> Matrix:
    return product(inverted(rgb_to_d50(target)), rgb_to_d50(source))


def _encode(light: float) -> float:
    if light <= 0.0031308:
        return 12.92 * light
    return float(1.055 * light ** (1 / 2.4) - 0.055)
