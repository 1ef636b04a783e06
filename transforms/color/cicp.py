"""Coding-independent code points (ITU-T H.273), as PNG, AVIF, HEIC and ICC profiles name colours."""

from collections.abc import Mapping

from .description import (
    BT470M,
    BT601_525,
    BT601_625,
    BT709,
    BT1886,
    BT2020,
    DCI_P3,
    DISPLAY_P3,
    EBU_3213,
    GENERIC_FILM,
    LINEAR,
    SRGB_CURVE,
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
_ST_240 = Curve(1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 0.25, 4 * 0.0228)
_ST_428 = Curve(2.6, (52.37 / 48.0) ** (1 / 2.6))
_TRANSFERS: Mapping[int, Transfer] = {
    1: BT1886,
    4: Curve(2.2),
    5: Curve(2.8),
    6: BT1886,
    7: _ST_240,
    8: LINEAR,
    11: BT1886,
    13: SRGB_CURVE,
    14: BT1886,
    15: BT1886,
    16: HdrTransfer.PQ,
    17: _ST_428,
    18: HdrTransfer.HLG,
}
"""Browsers take BT.709 and its kin for gamma 2.4, the curve of a reference display (ITU-R BT.1886)."""


def describe_cicp(primaries: int, transfer: int) -> ColorDescription:
    """Return the description by code points.

    Codes that are unspecified, reserved or unknown describe nothing."""
    return ColorDescription(primaries=_PRIMARIES.get(primaries), transfer=_TRANSFERS.get(transfer))
