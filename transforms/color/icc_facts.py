"""The facts of an ICC profile that are read without converting a pixel (ICC.1:2022).

Profiles are untrusted bytes: every offset, size and count is checked."""

import struct
from collections.abc import Mapping
from struct import unpack_from

from .cicp import describe_nclx_code_points
from .description import (
    ADOBE_RGB,
    BT709,
    BT2020,
    DCI_P3,
    DISPLAY_P3,
    PROPHOTO,
    SRGB_CURVE,
    ColorDescription,
    Curve,
    Primaries,
    Transfer,
)
from .matrices import rgb_to_d50

_HEAD_BYTES = 128
_ENTRY_BYTES = 12
_MAX_TAGS = 100
_MAX_TAG_BYTES = 200_000
_KNOWN_TAGS = frozenset({b"desc", b"cicp", b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"kTRC", b"A2B0"})
_COLORANTS = (b"rXYZ", b"gXYZ", b"bXYZ")
_MAX_NAME_CHARACTERS = 100
_MAX_TEXT_BYTES = 1_000
_NEAR_COLORANT = 0.003
_NEAR_LIGHT = 0.004
_WHITE_LIGHT = (0.5, 1.5)
"""The light of all three colours at once. It is 1 in a profile that is made well."""
_SAMPLES = (0.1, 0.25, 0.5, 0.75, 0.9)
_PARAMETERS = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}
"""The number of parameters of each type of a parametric curve."""
_KNOWN_PRIMARIES = (BT709, DISPLAY_P3, BT2020, ADOBE_RGB, PROPHOTO, DCI_P3)


def profile_space(profile: bytes) -> str:
    """Return the colour space of a profile's device side, such as RGB or GRAY; nothing if it is broken."""
    if len(profile) < _HEAD_BYTES or profile[36:40] != b"acsp":
        return ""
    return profile[16:20].decode("latin-1").strip()


def describe_profile(profile: bytes) -> ColorDescription:
    """Return the primaries and the transfer function of an RGB or grey profile, as far as they are known."""
    tags = _read_tags(profile)
    by_cicp = _read_cicp(tags)
    primaries = by_cicp.primaries or _read_primaries(tags)
    transfer = by_cicp.transfer or _read_transfer(tags.get(b"rTRC") or tags.get(b"kTRC") or b"")
    return ColorDescription(profile=profile, primaries=primaries, transfer=transfer)


def profile_name(profile: bytes) -> str | None:
    """Return the name that a profile gives itself: at most 100 printable characters."""
    content = _read_tags(profile).get(b"desc", b"")
    try:
        text = _read_text(content)
    except (struct.error, UnicodeDecodeError):
        return None
    printable = "".join(character for character in text if character.isprintable())
    return printable.strip()[:_MAX_NAME_CHARACTERS].strip() or None


def has_white(profile: bytes) -> bool:
    """Whether white is somewhat white by the matrix of an RGB profile. True without one, or beside a table.

    A matrix of zeros or of negative colours, as encoders have left it, would make a picture noise."""
    tags = _read_tags(profile)
    columns = [_read_xyz(tags.get(name, b"")) for name in _COLORANTS]
    light = sum(column[1] for column in columns if column)
    return b"A2B0" in tags or None in columns or _WHITE_LIGHT[0] <= light <= _WHITE_LIGHT[1]


def _read_tags(profile: bytes) -> Mapping[bytes, bytes]:
    """Return the contents of the known tags. Leave out those that are large or lie outside of the profile."""
    if len(profile) < _HEAD_BYTES + 4 or profile[36:40] != b"acsp":
        return {}
    count = min(_MAX_TAGS, int.from_bytes(profile[_HEAD_BYTES : _HEAD_BYTES + 4]))
    tags: dict[bytes, bytes] = {}
    for index in range(count):
        start = _HEAD_BYTES + 4 + _ENTRY_BYTES * index
        entry = profile[start : start + _ENTRY_BYTES]
        if len(entry) < _ENTRY_BYTES:
            break
        offset = int.from_bytes(entry[4:8])
        size = int.from_bytes(entry[8:12])
        is_inside = _HEAD_BYTES <= offset <= len(profile) - size
        if entry[:4] in _KNOWN_TAGS and is_inside and size <= _MAX_TAG_BYTES:
            tags.setdefault(entry[:4], profile[offset : offset + size])
    return tags


def _read_text(content: bytes) -> str:
    kind = content[:4]
    if kind == b"desc":
        length = min(unpack_from(">I", content, 8)[0], _MAX_TEXT_BYTES)
        return content[12 : 12 + length].split(b"\0")[0].decode("latin-1")
    if kind == b"mluc":
        # the first language; most profiles have one
        length, offset = unpack_from(">II", content, 20)
        length = min(length, _MAX_TEXT_BYTES)
        return content[offset : offset + length].decode("utf-16-be", "replace")
    if kind == b"text":
        return content[8 : 8 + _MAX_TEXT_BYTES].split(b"\0")[0].decode("latin-1")
    return ""


def _read_cicp(tags: Mapping[bytes, bytes]) -> ColorDescription:
    content = tags.get(b"cicp", b"")
    if len(content) < 12 or content[:4] != b"cicp":
        return ColorDescription()
    return describe_nclx_code_points(content[8], content[9])


def _read_primaries(tags: Mapping[bytes, bytes]) -> Primaries | None:
    columns = [_read_xyz(tags.get(name, b"")) for name in _COLORANTS]
    if None in columns:
        return None
    for known in _KNOWN_PRIMARIES:
        matrix = rgb_to_d50(known)
        differences = [
            abs(matrix[row][column] - values[row])
            for column, values in enumerate(columns)
            if values
            for row in range(3)
        ]
        if max(differences) <= _NEAR_COLORANT:
            return known
    return None


def _read_xyz(content: bytes) -> tuple[float, ...] | None:
    if len(content) < 20 or content[:4] != b"XYZ ":
        return None
    return tuple(value / 65_536 for value in unpack_from(">3i", content, 8))


def _read_transfer(content: bytes) -> Transfer | None:
    """Return the curve: sRGB's if it has the same light, else a power if it is one."""
    try:
        if content[:4] == b"curv":
            return _read_sampled(content)
        if content[:4] == b"para":
            return _read_parametric(content)
    except struct.error:
        pass
    return None


def _read_sampled(content: bytes) -> Transfer | None:
    (count,) = unpack_from(">I", content, 8)
    if count == 0:
        return Curve(1.0)
    if count == 1:
        return Curve(unpack_from(">H", content, 12)[0] / 256)
    for known in (SRGB_CURVE, Curve(1.0), Curve(1.8), Curve(2.2)):
        differences = []
        for sample in _SAMPLES:
            index = round(sample * (count - 1))
            light = unpack_from(">H", content, 12 + 2 * index)[0] / 65_535
            differences.append(abs(light - known.light(index / (count - 1))))
        if max(differences) <= _NEAR_LIGHT:
            return known
    return None


def _read_parametric(content: bytes) -> Transfer | None:
    (kind,) = unpack_from(">H", content, 8)
    if kind not in _PARAMETERS:
        return None
    values = [value / 65_536 for value in unpack_from(f">{_PARAMETERS[kind]}i", content, 12)]
    if kind == 0:
        return Curve(values[0])
    if kind in (3, 4) and not any(values[5:]):
        return Curve(*values[:5])
    return None
