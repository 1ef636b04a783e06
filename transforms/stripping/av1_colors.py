"""The code points by which an AV1 bit stream describes its colours.

Source: AV1 Bitstream & Decoding Process Specification, 5.3 and 5.5."""

from .blocks import Unstrippable

_SEQUENCE_HEADER = 1
_TEMPORAL_DELIMITER = 2
_MAX_UNITS = 4
_TOP = 7
_UNSPECIFIED = (2, 2)


class _Bits:
    """Reads numbers from the highest bit on."""

    def __init__(self, content: bytes) -> None:
        self._value = int.from_bytes(content)
        self._remaining = 8 * len(content)

    def number(self, count: int) -> int:
        self._remaining -= count
        if self._remaining < 0:
            raise Unstrippable("a bit stream that is cut off")
        return self._value >> self._remaining & (1 << count) - 1

    def skip_if(self, condition: int, count: int) -> None:
        if condition:
            self.number(count)


def read_code_points(stream: bytes) -> tuple[int, int]:
    """Return the primaries and the transfer function; (2, 2) if the stream leaves them open.

    Raise Unstrippable if the header is not that of a still picture, or is not found at the start."""
    header = _find_header(stream)
    bits = _Bits(header[:64])
    profile = bits.number(3)
    bits.number(1)
    is_reduced = bits.number(1)
    if is_reduced:
        bits.number(5)
    else:
        _skip_operating_points(bits)
    width_bits = bits.number(4) + 1
    height_bits = bits.number(4) + 1
    bits.number(width_bits)
    bits.number(height_bits)
    if not is_reduced:
        has_frame_numbers = bits.number(1)
        bits.skip_if(has_frame_numbers, 7)
    # the size of blocks, and two filters
    bits.number(3)
    if not is_reduced:
        _skip_tools(bits)
    # super-resolution and two more filters
    bits.number(3)
    return _read_color_config(bits, profile)


def _find_header(stream: bytes) -> bytes:
    """Return the first sequence header. It may stand behind a temporal delimiter."""
    position = 0
    for _ in range(_MAX_UNITS):
        head = stream[position]
        kind = head >> 3 & 15
        has_extension = head >> 2 & 1
        has_size = head >> 1 & 1
        if not has_size or kind not in (_SEQUENCE_HEADER, _TEMPORAL_DELIMITER):
            break
        size, start = read_size(stream, position + 1 + has_extension)
        if kind == _SEQUENCE_HEADER:
            return stream[start : start + size]
        position = start + size
    raise Unstrippable("a bit stream without a header")


def read_size(stream: bytes | bytearray, position: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, the lowest first, and the place behind it."""
    size = 0
    for index in range(8):
        byte = stream[position + index]
        size |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            return size, position + index + 1
    raise Unstrippable("a size that does not end")


def _skip_operating_points(bits: _Bits) -> None:
    has_timing = bits.number(1)
    if has_timing:
        raise Unstrippable("a bit stream with times")
    has_delays = bits.number(1)
    for _ in range(bits.number(5) + 1):
        bits.number(12)
        level = bits.number(5)
        bits.skip_if(level > _TOP, 1)
        if has_delays:
            bits.skip_if(bits.number(1), 4)


def _skip_tools(bits: _Bits) -> None:
    """Skip the tools for motion and for screen content."""
    bits.number(4)
    has_order = bits.number(1)
    bits.skip_if(has_order, 2)
    is_open = bits.number(1)
    forces_screen_tools = 1 if is_open else bits.number(1)
    if forces_screen_tools:
        is_integer_open = bits.number(1)
        bits.skip_if(not is_integer_open, 1)
    bits.skip_if(has_order, 3)


def _read_color_config(bits: _Bits, profile: int) -> tuple[int, int]:
    is_deep = bits.number(1)
    bits.skip_if(profile == 2 and is_deep, 1)
    bits.skip_if(profile != 1, 1)
    is_described = bits.number(1)
    if not is_described:
        return _UNSPECIFIED
    return bits.number(8), bits.number(8)
