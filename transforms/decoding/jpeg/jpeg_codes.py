"""Passing the Huffman codes of a JPEG's blocks, without their values (ITU-T T.81, F.2.2 and G.1.2).

Plain loops over local names: a photograph has several million codes."""

import sys
from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

_INDEXES = 64
"""Coefficients of a block."""
_MOST_BLOCK_BYTES = 256
"""At most 16 bits of code and 16 of value for each coefficient."""
_SHIFT = 6
_BITS = (1 << _SHIFT) - 1
_NO_CODE = _INDEXES * 1_000 << _SHIFT

Code = tuple[int, int]
"""Its length, and the symbol that it stands for."""
Codes = tuple[Code, ...]
Table = list[int]
"""By the next 16 bits: a number, shifted left, and below it the bits to pass."""


class Lacking(Exception):
    """A scan ends before its last block, or holds a code that no table has."""


class Bits(NamedTuple):
    """The entropy-coded bits between two restarts."""

    words: "array[int]"
    """The 32 bits that begin at each byte."""
    total: int


class Band(NamedTuple):
    """The blocks of one component that a progressive scan codes between two restarts."""

    codes: Codes
    first: int
    last: int
    """Coefficients, by their place in a block."""
    known: list[int]
    """For each block of the component: the coefficients that are not 0 so far, as bits of a number."""
    start: int
    end: int
    """Blocks."""


def as_bits(content: bytes) -> Bits:
    """Return the bits of an interval. Behind them stand zeros, so that a block can be read past the end."""
    stuffed = content.replace(b"\xff\0", b"\xff")
    padded = stuffed + bytes(_MOST_BLOCK_BYTES + 4 + -len(stuffed) % 4)
    length = len(padded) - 4
    words = array("I", bytes(4 * length))
    for offset in range(4):
        shifted = array("I", padded[offset : offset + length])
        if sys.byteorder == "little":
            shifted.byteswap()
        words[offset::4] = shifted
    return Bits(words, 8 * len(stuffed))


def pass_blocks(
    bits: Bits,
    units: int,
    blocks: Sequence[tuple[Codes, Codes]],
) -> int:
    """Pass whole blocks, `blocks` in each unit, and return the position behind them."""
    words, total = bits
    tables = [(_table(dc, _as_first), _table(ac, _as_following)) for dc, ac in blocks]
    position = 0
    for _ in range(units):
        for dc, ac in tables:
            entry = dc[words[position >> 3] >> 16 - (position & 7) & 0xFFFF]
            position += entry & _BITS
            index = entry >> _SHIFT
            while index < _INDEXES:
                entry = ac[words[position >> 3] >> 16 - (position & 7) & 0xFFFF]
                position += entry & _BITS
                index += entry >> _SHIFT
            if position > total or index >= _NO_CODE >> _SHIFT:
                raise Lacking
    return position


def pass_first_coefficients(
    bits: Bits,
    units: int,
    blocks: Sequence[Codes],
) -> int:
    """Pass the DC coefficients of a progressive scan, and return the position behind them."""
    words, total = bits
    tables = [_table(dc, _as_first) for dc in blocks]
    position = 0
    for _ in range(units):
        for dc in tables:
            entry = dc[words[position >> 3] >> 16 - (position & 7) & 0xFFFF]
            position += entry & _BITS
            if position > total or entry == _NO_CODE:
                raise Lacking
    return position


def pass_band(bits: Bits, band: Band) -> int:
    """Pass the first bits of AC coefficients, note which are not 0, and return the position behind them."""
    words, total = bits
    table = _table(band.codes, _as_symbol)
    position = 0
    block = band.start
    while block < band.end:
        index = band.first
        while index <= band.last:
            entry = table[words[position >> 3] >> 16 - (position & 7) & 0xFFFF]
            position += entry & _BITS
            zeros, size = divmod(entry >> _SHIFT, 16)
            if size:
                index += zeros
                band.known[block] |= 1 << index
                position += size
            elif zeros < 15:
                block += _read_run(bits, position, zeros) - 1
                position += zeros
                break
            else:
                index += zeros
            index += 1
        block += 1
        if position > total or index >= 2 * _INDEXES:
            raise Lacking
    return _checked(position, block, band)


def refine_band(bits: Bits, band: Band) -> int:
    """Pass a further bit of AC coefficients, note which become other than 0, and return the position."""
    words, total = bits
    table = _table(band.codes, _as_symbol)
    position = 0
    run = 0
    for block in range(band.start, band.end):
        index = band.first
        known = band.known[block]
        while not run and index <= band.last:
            entry = table[words[position >> 3] >> 16 - (position & 7) & 0xFFFF]
            position += entry & _BITS
            zeros, size = divmod(entry >> _SHIFT, 16)
            if zeros > 15:
                raise Lacking
            if not size and zeros < 15:
                run = _read_run(bits, position, zeros)
                position += zeros
                break
            position += size
            index, corrections = _skip_zeros(known, index, band.last, zeros)
            position += corrections
            if size:
                band.known[block] |= 1 << index
            index += 1
        if run:
            rest = (known & (2 << band.last) - 1) >> index
            position += rest.bit_count()
            run -= 1
        if position > total:
            raise Lacking
    return _checked(position, band.end + run, band)


def _skip_zeros(
    known: int,
    index: int,
    last: int,
    zeros: int,
) -> tuple[int, int]:
    """Return the coefficient behind `zeros` others that are 0 so far, and the number of those passed that
    are not."""
    corrections = 0
    while index <= last:
        if known >> index & 1:
            corrections += 1
        elif not zeros:
            break
        else:
            zeros -= 1
        index += 1
    return index, corrections


def _read_run(bits: Bits, position: int, size: int) -> int:
    """Return the number of blocks, from this one on, that have no further code (G.1.2.2)."""
    following = bits.words[position >> 3] >> 16 - (position & 7) & 0xFFFF
    return (1 << size) + (following >> 16 - size)


def _checked(position: int, block: int, band: Band) -> int:
    if block != band.end:
        raise Lacking
    return position


@lru_cache(maxsize=16)
def _table(codes: Codes, entry_of: Callable[[Code], int]) -> Table:
    """Return the entry of each 16 bits that begin with a code."""
    table: Table = []
    for code in codes:
        length, _ = code
        table += [entry_of(code)] * (1 << 16 - length)
    if len(table) > 1 << 16:
        raise Lacking
    return table + [_NO_CODE] * ((1 << 16) - len(table))


def _as_first(code: Code) -> int:
    """Of a DC coefficient: the symbol is the size of its value."""
    length, size = code
    return 1 << _SHIFT | length + size


def _as_following(code: Code) -> int:
    """Of AC coefficients: the symbol is a number of zeros and the size of a value, or the block's end."""
    length, symbol = code
    zeros, size = divmod(symbol, 16)
    passed = zeros + 1 if size or zeros == 15 else _INDEXES
    return passed << _SHIFT | length + size


def _as_symbol(code: Code) -> int:
    length, symbol = code
    return symbol << _SHIFT | length
