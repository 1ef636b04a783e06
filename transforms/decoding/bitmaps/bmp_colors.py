"""The profile that a BMP embeds (BITMAPV5HEADER). Pillow does not read it.

End points and gammas of version 4 are ignored, as browsers do: most writers leave zeros there, and some
chromaticities instead of XYZ."""

from struct import unpack_from
from typing import IO

from transforms.color.description import UNDESCRIBED, ColorDescription
from transforms.color.facts import describe

_HEADER_AT = 14
_V5_BYTES = 124
_PLACES = (56, 112, 116)
"""Of the colour space, and of the profile's offset from this header and its size."""
_EMBEDDED = int.from_bytes(b"MBED")


def describe_bmp(file: IO[bytes], max_profile_bytes: int) -> ColorDescription:
    """Return the description by an embedded profile.

    Leave the file at the place where it was."""
    place = file.tell()
    try:
        return describe(_read_profile(file, max_profile_bytes), UNDESCRIBED)
    finally:
        file.seek(place)


def _read_profile(file: IO[bytes], max_bytes: int) -> bytes | None:
    file.seek(_HEADER_AT)
    header = file.read(_V5_BYTES)
    if len(header) < _V5_BYTES or int.from_bytes(header[:4], "little") < _V5_BYTES:
        return None
    space, offset, size = (unpack_from("<I", header, place)[0] for place in _PLACES)
    if space != _EMBEDDED or not 0 < size <= max_bytes:
        return None
    file.seek(_HEADER_AT + offset)
    return file.read(size)
