"""The code points in an AV1 bitstream (AV1 specification, 5.5). They hold if an AVIF has no nclx box.

The bitstream is untrusted."""

from collections.abc import Iterator
from typing import NamedTuple

_SEQUENCE_HEADER = 1
_MAX_UNITS = 16
_MAX_HEADER_BYTES = 1_000
"""A header with 32 operating points has about 400."""
_MAX_SIZE_BYTES = 8
_SELECT_SCREEN_CONTENT_TOOLS = 2
_PROFILE_444 = 1
_PROFILE_PROFESSIONAL = 2


class CodePoints(NamedTuple):
    primaries: int
    transfer: int


UNSPECIFIED = CodePoints(2, 2)


class _Bits:
    """Bits of untrusted bytes. Raise EOFError behind the last."""

    def __init__(self, content: bytes) -> None:
        self._value = int.from_bytes(content)
        self._left = 8 * len(content)

    def read(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise EOFError
        return (self._value >> self._left) & ((1 << count) - 1)

    def skip_unsigned_by_length(self) -> None:
        """Skip a number whose length in bits stands before it as zeros."""
        zeros = 0
        while not self.read(1):
            zeros += 1
        if zeros < 32:
            self.read(zeros)


def read_code_points(stream: bytes) -> CodePoints | None:
    """Return the code points in the first sequence header, UNSPECIFIED if it leaves them open.

    None if there is no whole header."""
    for kind, payload in _units(stream):
        if kind == _SEQUENCE_HEADER:
            try:
                return _read_sequence_header(_Bits(payload[:_MAX_HEADER_BYTES]))
            except EOFError:
                return None
    return None


def _units(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the kinds and the payloads of units (5.3), as far as they are whole."""
    position = 0
    for _ in range(_MAX_UNITS):
        if position >= len(stream):
            return
        head = stream[position]
        has_extension = head & 4
        has_size = head & 2
        position += 2 if has_extension else 1
        size = len(stream) - position
        if has_size:
            size, position = read_size(stream, position)
        yield (head >> 3) & 15, stream[position : position + size]
        position += size


def read_size(stream: bytes | bytearray, position: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, the lowest first, and the place behind it (4.10.5)."""
    size = 0
    for index in range(_MAX_SIZE_BYTES):
        byte = stream[position + index] if position + index < len(stream) else 0
        size |= (byte & 0x7F) << (7 * index)
        if not byte & 0x80:
            return size, position + index + 1
    return size, position + _MAX_SIZE_BYTES


def _read_sequence_header(bits: _Bits) -> CodePoints:
    profile = bits.read(3)
    bits.read(1)
    is_reduced = bits.read(1)
    if is_reduced:
        bits.read(5)
    else:
        _skip_operating_points(bits)
    width_bits = bits.read(4) + 1
    height_bits = bits.read(4) + 1
    bits.read(width_bits + height_bits)
    if not is_reduced and bits.read(1):
        bits.read(7)
    bits.read(3)
    if not is_reduced:
        _skip_tools(bits)
    bits.read(3)
    return _read_color_config(bits, profile)


def _skip_operating_points(bits: _Bits) -> None:
    delay_bits = 0
    has_timing = bits.read(1)
    if has_timing:
        bits.read(64)
        if bits.read(1):
            bits.skip_unsigned_by_length()
        if bits.read(1):
            delay_bits = bits.read(5) + 1
            bits.read(42)
    has_display_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        level = bits.read(5)
        if level > 7:
            bits.read(1)
        if delay_bits and bits.read(1):
            bits.read(2 * delay_bits + 1)
        if has_display_delay and bits.read(1):
            bits.read(4)


def _skip_tools(bits: _Bits) -> None:
    bits.read(4)
    has_order_hint = bits.read(1)
    if has_order_hint:
        bits.read(2)
    chooses_screen_tools = bits.read(1)
    screen_tools = _SELECT_SCREEN_CONTENT_TOOLS if chooses_screen_tools else bits.read(1)
    if screen_tools and not bits.read(1):
        bits.read(1)
    if has_order_hint:
        bits.read(3)


def _read_color_config(bits: _Bits, profile: int) -> CodePoints:
    is_high = bits.read(1)
    if is_high and profile == _PROFILE_PROFESSIONAL:
        bits.read(1)
    if profile != _PROFILE_444:
        bits.read(1)
    is_described = bits.read(1)
    return CodePoints(bits.read(8), bits.read(8)) if is_described else UNSPECIFIED
