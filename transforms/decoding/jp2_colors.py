"""The colours and the depth that a JPEG 2000 file declares (ITU-T T.800, annex I). Pillow reads neither."""

from struct import unpack_from
from typing import IO

from progimage.errors import UnprocessableImage
from transforms.color.cicp import describe_nclx_code_points
from transforms.color.description import (
    PROPHOTO,
    SRGB,
    UNDESCRIBED,
    ColorDescription,
    Curve,
)
from transforms.color.facts import describe

from .isobmff import boxes, find, find_in_file

_MAX_HEADER_BYTES = 8_000_000
_ENUMERATED, _RESTRICTED_ICC, _ANY_ICC, _CODE_POINTS = 1, 2, 3, 5
_ROMM = ColorDescription(primaries=PROPHOTO, transfer=Curve(1.8, 1.0, 0.0, 1 / 16, 16 * 2**-9))
_ENUMERATIONS = {16: SRGB, 17: SRGB, 18: SRGB, 21: _ROMM}
"""sRGB, grey and YCC by sRGB's curve; ROMM-RGB (ITU-T T.801, table M.25). The decoder makes RGB of YCC."""
_NOT_DECODED = {
    1: "YCbCr of BT.709",
    3: "YCbCr of BT.601",
    4: "YCbCr of BT.601",
    9: "PhotoYCC",
    11: "CMY",
    13: "YCCK",
    14: "CIELab",
    19: "CIEJab",
    20: "e-sRGB",
    22: "YPbCr",
    23: "YPbCr",
    24: "e-sYCC",
}
"""Spaces whose values the decoder takes for red, green and blue (ITU-T T.801, table M.25)."""
_CODESTREAM = b"\xff\x4f\xff\x51"
_DEPTH_IN_SIZ = 42
_DEPTH_VARIES = 255


def describe_jp2(file: IO[bytes], max_profile_bytes: int) -> ColorDescription:
    """Return the description by the first colour box that is understood.

    Raise UnprocessableImage if there is none, and one names a space that the decoder does not know."""
    header = find_in_file(file, b"jp2h", _MAX_HEADER_BYTES) or b""
    contents = [box.content for box in boxes(header) if box.kind == b"colr" and len(box.content) >= 3]
    for content in contents:
        description = _describe_box(content, max_profile_bytes)
        if description != UNDESCRIBED:
            return description
    for content in contents:
        space = _NOT_DECODED.get(_number(content))
        if space:
            raise UnprocessableImage(
                f"Expected a JPEG 2000 in RGB, grey, YCC or CMYK but received one in {space}"
            )
    return UNDESCRIBED


def read_jp2_depth(file: IO[bytes]) -> int | None:
    """Return the bits of a sample; None if they differ from channel to channel."""
    header = find_in_file(file, b"jp2h", _MAX_HEADER_BYTES)
    if header is None:
        return _read_codestream_depth(file)
    ihdr = find(header, b"ihdr") or b""
    if len(ihdr) < 11 or ihdr[10] == _DEPTH_VARIES:
        return None
    return (ihdr[10] & 0x7F) + 1


def _describe_box(content: bytes, max_profile_bytes: int) -> ColorDescription:
    method = content[0]
    if method == _ENUMERATED:
        return _ENUMERATIONS.get(_number(content), UNDESCRIBED)
    if method in (_RESTRICTED_ICC, _ANY_ICC) and len(content) - 3 <= max_profile_bytes:
        return describe(content[3:], UNDESCRIBED)
    if method == _CODE_POINTS and len(content) >= 7:
        return describe_nclx_code_points(*unpack_from(">HH", content, 3))
    return UNDESCRIBED


def _number(content: bytes) -> int:
    """Return the number of an enumerated space, 0 if the box names none. (0 is black and white.)"""
    return int.from_bytes(content[3:7]) if content[0] == _ENUMERATED else 0


def _read_codestream_depth(file: IO[bytes]) -> int | None:
    place = file.tell()
    file.seek(0)
    head = file.read(_DEPTH_IN_SIZ + 1)
    file.seek(place)
    if head[:4] != _CODESTREAM or len(head) <= _DEPTH_IN_SIZ:
        return None
    return (head[_DEPTH_IN_SIZ] & 0x7F) + 1
