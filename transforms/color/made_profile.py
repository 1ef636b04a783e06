"""An ICC profile made of primaries and a curve, by which LittleCMS converts colours without a profile.

It has 480 bytes (ICC.1:2022, version 4)."""

from struct import pack

from .description import BT709, SRGB_CURVE, ColorDescription, Curve, HdrTransfer
from .matrices import D50, Row, rgb_to_d50

_VERSION = 0x04300000
_HEAD_BYTES = 128
_ENTRY_BYTES = 12
_FIVE_PARAMETERS = 3
"""The type of parametric curve of five parameters (table 68)."""


def make_profile(description: ColorDescription) -> bytes:
    """Return the RGB profile of the described primaries and curve; of sRGB's if one is not described.

    Raise ValueError if the primaries span no colours, and struct.error for too large a number."""
    curve = description.transfer or SRGB_CURVE
    if isinstance(curve, HdrTransfer):
        raise ValueError("Expected a curve that ends at white")
    matrix = rgb_to_d50(description.primaries or BT709)
    red, green, blue = zip(*matrix, strict=True)
    shared_curve = _curve(curve)
    tags = {
        b"desc": _text("made by code"),
        b"cprt": _text("none"),
        b"wtpt": _xyz(D50),
        b"rXYZ": _xyz(red),
        b"gXYZ": _xyz(green),
        b"bXYZ": _xyz(blue),
        b"rTRC": shared_curve,
        b"gTRC": shared_curve,
        b"bTRC": shared_curve,
    }
    return _assemble(tags)


def _assemble(tags: dict[bytes, bytes]) -> bytes:
    places: dict[bytes, int] = {}
    data = b""
    start = _HEAD_BYTES + 4 + _ENTRY_BYTES * len(tags)
    for content in tags.values():
        if content not in places:
            places[content] = start + len(data)
            data += content
    table = pack(">I", len(tags))
    for name, content in tags.items():
        table += name + pack(">II", places[content], len(content))
    return _head(start + len(data)) + table + data


def _head(size: int) -> bytes:
    date = pack(">6H", 2026, 1, 1, 0, 0, 0)
    fields = pack(">I4xI4s4s4s", size, _VERSION, b"mntr", b"RGB ", b"XYZ ") + date + b"acsp"
    illuminant = _fixed(*D50)
    return fields.ljust(68, b"\0") + illuminant + bytes(48)


def _curve(curve: Curve) -> bytes:
    parameters = _fixed(curve.gamma, curve.a, curve.b, curve.c, curve.d)
    return b"para" + bytes(4) + pack(">HH", _FIVE_PARAMETERS, 0) + parameters


def _xyz(color: Row) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(*color)


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    record = pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28)
    content = b"mluc" + bytes(4) + record + encoded
    return content + bytes(-len(content) % 4)


def _fixed(*values: float) -> bytes:
    return pack(f">{len(values)}i", *(round(value * 65_536) for value in values))
