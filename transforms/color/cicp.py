"""Coding-independent code points (ITU-T H.273), as PNG, AVIF, HEIC and ICC profiles name colours."""

from collections.abc import Mapping
from dataclasses import replace

from .description import (
    BT470M,
    BT601_525,
    BT601_625,
    BT709,
    BT2020,
    DCI_P3,
    DISPLAY_P3,
    EBU_3213,
    GENERIC_FILM,
    LINEAR,
    SRGB_CURVE,
    UNDESCRIBED,
    XYZ,
    ColorDescription,
    Curve,
    HdrTransfer,
    Primaries,
    Transfer,
)

_PRIMARIES: Mapping[int, Primaries] = {
    1: BT709,
    4: BT470M,
    5: BT601_625,
    6: BT601_525,
    7: BT601_525,
    8: GENERIC_FILM,
    9: BT2020,
    10: XYZ,
    11: DCI_P3,
    12: DISPLAY_P3,
    22: EBU_3213,
}
_BT709_FAMILY = (1, 6, 11, 14, 15)
_POWERS_AND_HDR: Mapping[int, Transfer] = {
    4: Curve(2.2),
    5: Curve(2.8),
    7: Curve(1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 0.25, 4 * 0.0228, name="smpte240"),
    8: LINEAR,
    13: SRGB_CURVE,
    16: HdrTransfer.PQ,
    17: Curve(2.6, (52.37 / 48.0) ** (1 / 2.6), name="smpte428"),
    18: HdrTransfer.HLG,
}
_PNG_TRANSFERS = _POWERS_AND_HDR | dict.fromkeys(_BT709_FAMILY, Curve(2.4, name="bt709"))
"""In a PNG, browsers take BT.709 and its kin for the curve of a reference display (ITU-R BT.1886)."""
_NCLX_TRANSFERS = _POWERS_AND_HDR | dict.fromkeys(_BT709_FAMILY, replace(SRGB_CURVE, name="bt709"))
"""In an AVIF, browsers take them for sRGB's: encoders of video name BT.709 for pictures of any origin."""


def describe_png_cicp(primaries: int, transfer: int) -> ColorDescription:
    """Return the description by a PNG's code points.

    Browsers ignore a pair of which one is unspecified, reserved or unknown."""
    description = ColorDescription(None, _PRIMARIES.get(primaries), _PNG_TRANSFERS.get(transfer))
    is_whole = description.primaries and description.transfer
    return description if is_whole else UNDESCRIBED


def describe_nclx_code_points(primaries: int, transfer: int) -> ColorDescription:
    """Return the description by code points of other files.

    A code that is unspecified, reserved or unknown describes nothing; the other one holds."""
    return ColorDescription(None, _PRIMARIES.get(primaries), _NCLX_TRANSFERS.get(transfer))
