"""ICC profiles made by code (ICC.1:2001-04), with colours that a test can work out."""

import struct
from collections.abc import Sequence

_D50 = (0.9642, 1.0, 0.8249)
_SRGB_COLORANTS = [(0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)]


def rgb_profile(primaries: Sequence[tuple[float, float, float]], gamma: float) -> bytes:
    """Return a profile whose red, green and blue have these XYZ values under D50."""
    tags = {name: _xyz(color) for name, color in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)}
    return _profile(
        b"mntr", b"RGB ", b"XYZ ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(gamma))
    )


def with_code_points(primaries: int, transfer: int) -> bytes:
    """Return a profile that names code points in its `cicp` tag, beside curves that say something else."""
    tags = {
        name: _xyz(color) for name, color in zip((b"rXYZ", b"gXYZ", b"bXYZ"), _SRGB_COLORANTS, strict=True)
    }
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(2.2))
    code_points = b"cicp\0\0\0\0" + bytes((primaries, transfer, 0, 1))
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags | curves | {b"cicp": code_points})


def grey_profile(gamma: float) -> bytes:
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": _curve(gamma)})


def cmyk_profile(lab: tuple[float, float, float]) -> bytes:
    """Return a profile in which paper is white, full magenta with full yellow is `lab`, and the rest is black."""
    white, inked = (100.0, 0.0, 0.0), (0, 1, 1, 0)
    corners = [(c, m, y, k) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)]
    colors = [white if not any(at) else lab if at == inked else (0.0, 0.0, 0.0) for at in corners]
    grid = b"".join(
        bytes((round(lightness * 2.55), round(a + 128), round(b + 128))) for lightness, a, b in colors
    )
    identity = bytes(range(256))
    matrix = struct.pack(">9i", *(65536, 0, 0, 0, 65536, 0, 0, 0, 65536))
    lut = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + identity * 4 + grid + identity * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": lut})


def _xyz(color: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in color))


def _curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def _text(text: bytes) -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + b"\0" + b"\0" * 79


def _profile(device_class: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"desc": _text(b"made by a test"), b"wtpt": _xyz(_D50), b"cprt": b"text\0\0\0\0none\0"} | tags
    offset = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += name + struct.pack(">II", offset + len(data), len(content))
        data += content + b"\0" * (-len(content) % 4)
    header = struct.pack(
        ">I4sI4s4s4s12s4s4sIIIQI3i48s",
        offset + len(data),
        b"test",
        0x02400000,
        device_class,
        space,
        connection,
        struct.pack(">6H", 2026, 1, 1, 0, 0, 0),
        b"acsp",
        b"APPL",
        0,
        0,
        0,
        0,
        1,
        *(round(value * 65536) for value in _D50),
        b"",
    )
    return header + table + data


DISPLAY_P3 = rgb_profile([(0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841)], 2.2)
"""Apple's primaries adapted to D50; the curve is a plain gamma."""
SRGB_LIKE = rgb_profile(_SRGB_COLORANTS, 2.2)
