"""The colours that a BMP declares in a header of version 4 or 5. Pillow reads none of them."""

from struct import unpack_from
from typing import IO

from transforms.color.description import UNDESCRIBED, ColorDescription, Curve, Primaries
from transforms.color.facts import describe

_HEADER_AT = 14
_V4_BYTES = 108
_V5_BYTES = 124
_SPACE_AT = 56
_ENDPOINTS_AT = 60
_GAMMAS_AT = 96
_PROFILE_AT = 112
_CALIBRATED = 0
_EMBEDDED = int.from_bytes(b"MBED")


def describe_bmp(file: IO[bytes], max_profile_bytes: int) -> ColorDescription:
    """Return the description by an embedded profile, or by end points and gammas.

    Leave the file at the place where it was."""
    place = file.tell()
    try:
        return _describe(file, max_profile_bytes)
    finally:
        file.seek(place)


def _describe(file: IO[bytes], max_profile_bytes: int) -> ColorDescription:
    file.seek(_HEADER_AT)
    header = file.read(_V5_BYTES)
    size = int.from_bytes(header[:4], "little")
    if size < _V4_BYTES or len(header) < _V4_BYTES:
        return UNDESCRIBED
    (space,) = unpack_from("<I", header, _SPACE_AT)
    if space == _CALIBRATED:
        return _describe_calibration(header)
    if space != _EMBEDDED or size < _V5_BYTES or len(header) < _V5_BYTES:
        return UNDESCRIBED
    offset, profile_bytes = unpack_from("<II", header, _PROFILE_AT)
    if not 0 < profile_bytes <= max_profile_bytes:
        return UNDESCRIBED
    file.seek(_HEADER_AT + offset)
    return describe(file.read(profile_bytes), UNDESCRIBED)


def _describe_calibration(header: bytes) -> ColorDescription:
    """Return the description by end points in XYZ and a gamma, if the header holds them.

    Most leave zeros there."""
    endpoints = [value / 2**30 for value in unpack_from("<9i", header, _ENDPOINTS_AT)]
    gammas = [value / 2**16 for value in unpack_from("<3I", header, _GAMMAS_AT)]
    if min(gammas) <= 0 or max(gammas) - min(gammas) > 0.01:
        return UNDESCRIBED
    points = []
    white = [sum(endpoints[channel::3]) for channel in range(3)]
    for color in (endpoints[:3], endpoints[3:6], endpoints[6:], white):
        if sum(color) <= 0:
            return UNDESCRIBED
        points.append((color[0] / sum(color), color[1] / sum(color)))
    return ColorDescription(primaries=Primaries(*points), transfer=Curve(gammas[0]))
