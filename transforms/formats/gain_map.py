"""The parameters of a gain map: how its levels make an HDR picture of the base, in ISO 21496-1 and in XMP.

Source: ISO 21496-1:2025, annex C (binary form, as libultrahdr and Skia read it), and Google's Ultra HDR image
format 1.1 (XMP in the namespace hdrgm). Headrooms and gains are powers of two."""

from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import NamedTuple

from .xmp import RDF, Attribute, Element, Name, Packet

ISO_NAME = b"urn:iso:std:iso:ts:21496:-1\0"
ISO_VERSION = bytes(4)
"""The least version of a reader, and the writer's. It alone stands in the base image."""
HDRGM = "http://ns.adobe.com/hdr-gain-map/1.0/"

_IS_MULTICHANNEL = 0x80
_USES_BASE_COLORS = 0x40
_HAS_COMMON_DENOMINATOR = 0x08
_MAX_STOPS = 64
_MAX_UNSIGNED = 2**32 - 1
_MAX_SIGNED = 2**31 - 1
_MAX_DENOMINATOR = 1_000_000
_MAX_NUMBER_CHARACTERS = 40
_DEFAULT_OFFSET = Fraction(1, 64)


class Channel(NamedTuple):
    """HDR = (base + base_offset) * 2 ** gain - alternate_offset.

    The gain lies between `least` and `most`, at the level's share to the power of 1 / `gamma`."""

    least: Fraction
    most: Fraction
    gamma: Fraction
    base_offset: Fraction
    alternate_offset: Fraction


@dataclass(frozen=True)
class GainMapParameters:
    channels: tuple[Channel, ...]
    """One for all colours, or three."""
    base_headroom: Fraction
    alternate_headroom: Fraction
    """The headroom of a display from which on all of the gain applies."""
    uses_base_colors: bool = True
    """Whether the gain applies in the base's primaries, and not in those of the map's own profile."""

    @property
    def is_base_hdr(self) -> bool:
        return self.base_headroom > self.alternate_headroom

    def check(self) -> "GainMapParameters":
        """Raise ValueError if the parameters make no sense."""
        for channel in self.channels:
            gains = (abs(channel.least), abs(channel.most))
            if channel.gamma <= 0 or channel.least > channel.most or max(gains) > _MAX_STOPS:
                raise ValueError("Expected gains of at most 64 stops")
        if self.base_headroom == self.alternate_headroom:
            raise ValueError("Expected two headrooms")
        return self


def read_iso_parameters(content: bytes) -> GainMapParameters:
    """Return the parameters in the map's segment, without its name. Raise ValueError."""
    reader = _IsoReader(content)
    if reader.take(2) != 0:
        raise ValueError("Expected a version that any reader can read")
    reader.take(2)
    flags = reader.take(1)
    if flags & _HAS_COMMON_DENOMINATOR:
        reader.common_denominator = reader.take(4)
    base_headroom = reader.ratio(is_signed=False)
    alternate_headroom = reader.ratio(is_signed=False)
    count = 3 if flags & _IS_MULTICHANNEL else 1
    channels = tuple(reader.channel() for _ in range(count))
    uses_base_colors = bool(flags & _USES_BASE_COLORS)
    return GainMapParameters(channels, base_headroom, alternate_headroom, uses_base_colors).check()


def write_iso_parameters(parameters: GainMapParameters) -> bytes:
    flags = _IS_MULTICHANNEL if len(parameters.channels) > 1 else 0
    if parameters.uses_base_colors:
        flags |= _USES_BASE_COLORS
    parts = [
        ISO_VERSION,
        bytes([flags]),
        _pack(parameters.base_headroom, is_signed=False),
        _pack(parameters.alternate_headroom, is_signed=False),
    ]
    for channel in parameters.channels:
        parts += [
            _pack(channel.least),
            _pack(channel.most),
            _pack(channel.gamma, is_signed=False),
            _pack(channel.base_offset),
            _pack(channel.alternate_offset),
        ]
    return b"".join(parts)


def find_xmp_parameters(packet: Packet) -> GainMapParameters | None:
    """Return the parameters that XMP names, None if it names none. Raise ValueError if they make no sense."""
    values = _read_properties(packet)
    if "Version" not in values or "GainMapMax" not in values:
        return None
    zero = Fraction(0)
    columns = [
        _three(values.get("GainMapMin"), zero),
        _three(values.get("GainMapMax"), zero),
        _three(values.get("Gamma"), Fraction(1)),
        _three(values.get("OffsetSDR"), _DEFAULT_OFFSET),
        _three(values.get("OffsetHDR"), _DEFAULT_OFFSET),
    ]
    channels = tuple(Channel(*row) for row in zip(*columns, strict=True))
    if len(set(channels)) == 1:
        channels = channels[:1]
    least = _three(values.get("HDRCapacityMin"), zero)[0]
    most = _three(values.get("HDRCapacityMax"), zero)[0]
    if values.get("BaseRenditionIsHDR", ["False"])[0].strip().lower() == "true":
        return GainMapParameters(channels, most, least).check()
    return GainMapParameters(channels, least, most).check()


def write_xmp_properties(parameters: GainMapParameters) -> str:
    """Return the properties of the map, as attributes and elements of a description whose base is SDR."""
    least, most, gamma, base_offset, alternate_offset = zip(*parameters.channels, strict=True)
    columns = {
        "GainMapMin": least,
        "GainMapMax": most,
        "Gamma": gamma,
        "OffsetSDR": base_offset,
        "OffsetHDR": alternate_offset,
    }
    attributes = (
        f' xmlns:hdrgm="{HDRGM}" hdrgm:Version="1.0" hdrgm:BaseRenditionIsHDR="False"'
        f' hdrgm:HDRCapacityMin="{_decimal(parameters.base_headroom)}"'
        f' hdrgm:HDRCapacityMax="{_decimal(parameters.alternate_headroom)}"'
    )
    elements = ""
    for name, values in columns.items():
        if len(set(values)) == 1:
            attributes += f' hdrgm:{name}="{_decimal(values[0])}"'
            continue
        items = "".join(f"<rdf:li>{_decimal(value)}</rdf:li>" for value in values)
        elements += f"<hdrgm:{name}><rdf:Seq>{items}</rdf:Seq></hdrgm:{name}>"
    return f'<rdf:Description rdf:about=""{attributes}>{elements}</rdf:Description>'


class _IsoReader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0
        self.common_denominator = 0

    def take(self, size: int, *, is_signed: bool = False) -> int:
        end = self._position + size
        if end > len(self._content):
            raise ValueError("Expected more bytes")
        number = int.from_bytes(self._content[self._position : end], signed=is_signed)
        self._position = end
        return number

    def ratio(self, *, is_signed: bool = True) -> Fraction:
        numerator = self.take(4, is_signed=is_signed)
        denominator = self.common_denominator or self.take(4)
        if not denominator:
            raise ValueError("Expected a denominator")
        return Fraction(numerator, denominator)

    def channel(self) -> Channel:
        least = self.ratio()
        most = self.ratio()
        gamma = self.ratio(is_signed=False)
        base_offset = self.ratio()
        alternate_offset = self.ratio()
        return Channel(least, most, gamma, base_offset, alternate_offset)


def _read_properties(packet: Packet) -> dict[str, list[str]]:
    """Return the texts of each property: one, or one for each colour."""
    values: dict[str, list[str]] = {}
    for description in packet.descriptions():
        properties: list[Attribute | Element] = [*description.attributes, *description.children]
        for each in properties:
            if each.name.namespace == HDRGM:
                values.setdefault(each.name.local, _texts(each))
    return values


def _texts(value: Attribute | Element) -> list[str]:
    if isinstance(value, Attribute):
        return [value.value]
    items = [element.text for element in value.walk() if element.name == Name(RDF, "li")]
    return items or [value.text]


def _three(texts: list[str] | None, default: Fraction) -> tuple[Fraction, ...]:
    if not texts:
        return (default,) * 3
    numbers = tuple(_number(text) for text in texts)
    if len(numbers) == 1:
        return numbers * 3
    if len(numbers) != 3:
        raise ValueError("Expected one number or three")
    return numbers


def _number(text: str) -> Fraction:
    number = float(text) if len(text) <= _MAX_NUMBER_CHARACTERS else float("nan")
    if not isfinite(number):
        raise ValueError("Expected a number")
    return Fraction(number).limit_denominator(_MAX_DENOMINATOR)


def _decimal(value: Fraction) -> str:
    text = f"{float(value):.8f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _pack(value: Fraction, *, is_signed: bool = True) -> bytes:
    most = _MAX_SIGNED if is_signed else _MAX_UNSIGNED
    if abs(value.numerator) > most or value.denominator > _MAX_UNSIGNED:
        value = value.limit_denominator(max(1, _MAX_SIGNED // (abs(int(value)) + 1)))
    numerator = value.numerator.to_bytes(4, signed=is_signed)
    return numerator + value.denominator.to_bytes(4)
