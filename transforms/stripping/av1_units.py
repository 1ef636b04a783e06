"""The units of an AV1 bit stream: all that hold no pixels are overwritten by zeros.

Source: AV1 Bitstream & Decoding Process Specification, 5.3, 6.2 and 6.7. Nothing moves: tables of the file
around the stream hold places in it."""

from transforms.containers.av1_sequence import read_size

from .blocks import MAX_BLOCKS, Unstrippable

_MOST_BYTES = {1: 64, 2: 0, 3: 2**31, 4: 2**31, 6: 2**31, 7: 2**31}
"""The most bytes of a unit that is kept, by its kind: sequence headers, temporal delimiters, frame headers,
groups of tiles, frames, and frame headers once more."""
_CONFIGURATION_HEAD_BYTES = 4
_MOST_CONFIGURATION_BYTES = 70
_PADDING = 15
_KIND = 0x78
_HAS_EXTENSION = 4
_HAS_SIZE = 2


def clear_units(file: bytearray, start: int, end: int) -> None:
    """Turn metadata, padding and units of unknown kinds between two places into padding of zeros.

    Raise Unstrippable if a unit does not tell its size, is cut off, or is larger than its kind may be."""
    position = start
    for _ in range(MAX_BLOCKS):
        if position == end:
            return
        head = file[position]
        kind = (head & _KIND) >> 3
        if not head & _HAS_SIZE:
            raise Unstrippable("a unit without a size")
        size, body = read_size(file, position + (2 if head & _HAS_EXTENSION else 1))
        position_behind = body + size
        if position_behind > end or size > _MOST_BYTES.get(kind, size):
            raise Unstrippable("a unit that is cut off or too long")
        if kind not in _MOST_BYTES:
            file[position] = head & ~_KIND | _PADDING << 3
            file[body:position_behind] = bytes(size)
        position = position_behind
    raise Unstrippable("too many units")


def check_configuration(av1c: bytes) -> None:
    """Raise Unstrippable if the units of a decoder's configuration (av1C) are more than a sequence header."""
    units = bytearray(av1c[_CONFIGURATION_HEAD_BYTES:])
    clear_units(units, 0, len(units))
    if units != av1c[_CONFIGURATION_HEAD_BYTES:] or len(av1c) > _MOST_CONFIGURATION_BYTES:
        raise Unstrippable("a configuration of another form")
