"""The colours and the depth that a JPEG 2000 file declares (ITU-T T.800, annex I). Pillow reads neither."""

from struct import unpack_from
from typing import IO

from transforms.color.cicp import describe_nclx_code_points
from transforms.color.description import (
    PROPHOTO,
    SRGB,
    UNDESCRIBED,
    ColorDescription,
    Curve,
)
from transforms.color.facts import describe
from transforms.containers.boxes import boxes, find_in_file

from .jp2_header import read_jp2_header

_MAX_HEADER_BYTES = 8_000_000
_ENUMERATED = 1
_PROFILES = (2, 3)
_CODE_POINTS = 5
_ROMM = ColorDescription(primaries=PROPHOTO, transfer=Curve(1.8, 1.0, 0.0, 1 / 16, 16 * 2**-9))
_ENUMERATIONS = {16: SRGB, 17: SRGB, 18: SRGB, 21: _ROMM}
"""sRGB, grey and YCC by sRGB's curve; ROMM-RGB (ITU-T T.801, table M.25). The decoder makes RGB of YCC."""


def describe_jp2(file: IO[bytes], max_profile_bytes: int) -> ColorDescription:
    """Return the description by the first colour box that is understood."""
    header = find_in_file(file, b"jp2h", _MAX_HEADER_BYTES) or b""
    contents = [box.content for box in boxes(header) if box.kind == b"colr" and len(box.content) >= 3]
    for content in contents:
        description = _describe_box(content, max_profile_bytes)
        if description != UNDESCRIBED:
            return description
    return UNDESCRIBED


def read_jp2_depth(file: IO[bytes]) -> int | None:
    """Return the bits of a sample; None if they differ from channel to channel."""
    place = file.tell()
    depths = {component.bits for component in read_jp2_header(file).components}
    file.seek(place)
    return depths.pop() if len(depths) == 1 else None


def _describe_box(content: bytes, max_profile_bytes: int) -> ColorDescription:
    method = content[0]
    if method == _ENUMERATED:
        return _ENUMERATIONS.get(int.from_bytes(content[3:7]), UNDESCRIBED)
    if method in _PROFILES and len(content) - 3 <= max_profile_bytes:
        return describe(content[3:], UNDESCRIBED)
    if method == _CODE_POINTS and len(content) >= 7:
        return describe_nclx_code_points(*unpack_from(">HH", content, 3))
    return UNDESCRIBED
