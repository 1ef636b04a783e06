"""How the colours of an image are described: one value, whichever format it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

Point = tuple[float, float]
"""Chromaticities x and y (CIE 1931)."""

_D65: Point = (0.3127, 0.3290)
_ILLUMINANT_C: Point = (0.310, 0.316)
_NEAR = 0.002
"""Chromaticities no further apart are one. Files round them in several ways."""
_NEAR_GAMMA = 0.02


@dataclass(frozen=True)
class Primaries:
    red: Point
    green: Point
    blue: Point
    white: Point = _D65


@dataclass(frozen=True)
class Curve:
    """Light of a value x from 0 to 1: (a x + b) ** gamma from x = d on, and c x below (ICC.1:2022, 10.18)."""

    gamma: float
    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0
    name: str | None = field(default=None, compare=False)
    """The name that clients see, if the numbers do not say it."""

    def light(self, value: float) -> float:
        if value < self.d:
            return self.c * value
        return float(max(0.0, self.a * value + self.b) ** self.gamma)

    def value(self, light: float) -> float:
        """Return the value that has this light."""
        if light <= self.c * self.d:
            return light / self.c if self.c else 0.0
        return float((light ** (1 / self.gamma) - self.b) / self.a)


class HdrTransfer(Enum):
    """ITU-R BT.2100: curves whose light goes beyond the white of a page."""

    PQ = "pq"
    HLG = "hlg"


Transfer = Curve | HdrTransfer

BT709 = Primaries((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
DISPLAY_P3 = Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
BT2020 = Primaries((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
ADOBE_RGB = Primaries((0.640, 0.330), (0.210, 0.710), (0.150, 0.060))
PROPHOTO = Primaries((0.734699, 0.265301), (0.159597, 0.840403), (0.036598, 0.000105), (0.345704, 0.358540))
BT470M = Primaries((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _ILLUMINANT_C)
BT601_625 = Primaries((0.64, 0.33), (0.29, 0.60), (0.15, 0.06))
BT601_525 = Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070))
GENERIC_FILM = Primaries((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _ILLUMINANT_C)
XYZ = Primaries((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (1 / 3, 1 / 3))
DCI_P3 = Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351))
EBU_3213 = Primaries((0.630, 0.340), (0.295, 0.605), (0.155, 0.077))

SRGB_CURVE = Curve(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
LINEAR = Curve(1.0)

_PRIMARIES_NAMES: Mapping[str, Primaries] = {
    "bt709": BT709,
    "display-p3": DISPLAY_P3,
    "bt2020": BT2020,
    "adobe-rgb": ADOBE_RGB,
    "prophoto": PROPHOTO,
    "bt470m": BT470M,
    "bt601-625": BT601_625,
    "bt601-525": BT601_525,
    "film": GENERIC_FILM,
    "xyz": XYZ,
    "dci-p3": DCI_P3,
    "ebu3213": EBU_3213,
}


@dataclass(frozen=True)
class ColorDescription:
    """The description that prevails in a file: an ICC profile, or primaries and a transfer function.

    A part that is None is not described; then it is that of sRGB. A profile goes before the other parts if it
    fits the image. An HDR transfer function goes before a profile, whose curves name no tone mapping."""

    profile: bytes | None = None
    primaries: Primaries | None = None
    transfer: Transfer | None = None
    peak_nits: float | None = None
    """The brightest light of a picture in PQ or HLG, if the file tells."""

    is_cut: bool = False
    """Whether the decoder cuts deeper samples to 8 bits, and makes RGB of them then."""

    @property
    def is_hdr(self) -> bool:
        return isinstance(self.transfer, HdrTransfer)


UNDESCRIBED = ColorDescription()
SRGB = ColorDescription(primaries=BT709, transfer=SRGB_CURVE)


@dataclass(frozen=True, kw_only=True)
class ColorSpace:
    """The facts of a description that clients see. None is for unknown."""

    transfer: str | None = None
    """Such as srgb, linear, gamma2.2, pq, hlg."""
    primaries: str | None = None
    """Such as bt709, display-p3, bt2020, adobe-rgb."""
    bit_depth: int | None = None
    """Bits per sample as stored."""
    profile_name: str | None = None
    """At most 100 printable characters."""


NO_COLOR_SPACE = ColorSpace()
"""Of an image whose facts have not been read."""


def transfer_name(transfer: Transfer | None) -> str | None:
    """Return the short name of a transfer function."""
    if transfer is None:
        return None
    if isinstance(transfer, HdrTransfer):
        return transfer.value
    if transfer.name:
        return transfer.name
    if is_near_curve(transfer, SRGB_CURVE):
        return "srgb"
    is_power = transfer.d == 0 and abs(transfer.a - 1) < _NEAR and abs(transfer.b) < _NEAR
    if not is_power:
        return None
    return "linear" if abs(transfer.gamma - 1) < _NEAR_GAMMA else f"gamma{round(transfer.gamma, 1):g}"


def primaries_name(primaries: Primaries | None) -> str | None:
    """Return the short name of the primaries that lie nearest; None if none lie near."""
    if primaries is None:
        return None
    distance, name = min((_distance(primaries, known), name) for name, known in _PRIMARIES_NAMES.items())
    return name if distance <= _NEAR else None


def is_near_primaries(one: Primaries, other: Primaries) -> bool:
    return _distance(one, other) <= _NEAR


def is_near_curve(one: Curve, other: Curve) -> bool:
    parts = ((one.gamma, other.gamma), (one.a, other.a), (one.b, other.b), (one.c, other.c), (one.d, other.d))
    return all(abs(mine - yours) <= _NEAR for mine, yours in parts)


def _distance(one: Primaries, other: Primaries) -> float:
    pairs = (
        (one.red, other.red),
        (one.green, other.green),
        (one.blue, other.blue),
        (one.white, other.white),
    )
    return max(abs(a - b) for mine, yours in pairs for a, b in zip(mine, yours, strict=True))
