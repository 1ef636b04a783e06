"""Whether every block of every scan of a JPEG is there (ITU-T T.81, annexes B, F and G). No pixel is made."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from transforms.containers.segments import SCAN

from .jpeg_codes import (
    Band,
    Bits,
    Codes,
    Lacking,
    as_bits,
    pass_band,
    pass_blocks,
    pass_first_coefficients,
    refine_band,
)
from .jpeg_structure import (
    FRAMES,
    HUFFMAN_TABLES,
    RESTART_INTERVAL,
    Component,
    Frame,
    Segment,
    read_frame,
)

_PROGRESSIVE = 0xC2
_EXAMINED = frozenset({0xC0, 0xC1, _PROGRESSIVE})
"""Huffman-coded frames of blocks."""
_INDEXES = 64
"""Coefficients of a block."""
_AC = 0x10
"""The class of a table, above its number."""
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")


class Part(NamedTuple):
    """A component of a scan."""

    component: Component
    dc_codes: Codes
    ac_codes: Codes


class Scan(NamedTuple):
    """A scan's header (B.2.3)."""

    parts: list[Part]
    first: int
    last: int
    is_refinement: bool
    low: int
    """The bits of each coefficient that a later scan gives."""
    known: list[int]
    """Of the first component: see Band."""


def are_blocks_complete(segments: Sequence[Segment]) -> bool:
    """Return whether every scan holds all of its blocks, and nothing follows the last one.

    False for arithmetic coding and lossless JPEGs, which are not examined."""
    frames = [read_frame(segment) for segment in segments if segment.marker in FRAMES]
    frame = frames[0] if len(frames) == 1 else None
    if frame is None or frame.marker not in _EXAMINED:
        return False
    try:
        return _are_scans_complete(segments, frame)
    except (Lacking, IndexError, KeyError, ValueError):
        # the last three: a header is too short, or names a component or a table that there is not
        return False


def _are_scans_complete(segments: Sequence[Segment], frame: Frame) -> bool:
    codes: dict[int, Codes] = {}
    interval = 0
    surplus_bits = 8
    known = {component.identity: [0] * frame.count_blocks(component) for component in frame.components}
    lacking = {(component.identity, index) for component in frame.components for index in range(_INDEXES)}
    for segment in segments:
        if segment.marker == HUFFMAN_TABLES:
            codes |= _read_codes(segment.content)
        elif segment.marker == RESTART_INTERVAL:
            interval = int.from_bytes(segment.content)
        elif segment.marker == SCAN:
            scan = _read_scan(segment.content, frame, codes, known)
            surplus_bits = _pass_scan(segment.scan, scan, frame, interval)
            lacking -= _completed(scan)
    return not lacking and surplus_bits < 8


def _read_codes(content: bytes) -> dict[int, Codes]:
    """Return the codes of each table by its class and number (B.2.4.2)."""
    codes: dict[int, Codes] = {}
    position = 0
    while position + 17 <= len(content):
        counts = content[position + 1 : position + 17]
        lengths = [length for length, count in enumerate(counts, start=1) for _ in range(count)]
        symbols = content[position + 17 : position + 17 + len(lengths)]
        codes[content[position]] = tuple(zip(lengths, symbols, strict=True))
        position += 17 + len(lengths)
    return codes


def _read_scan(
    content: bytes,
    frame: Frame,
    codes: dict[int, Codes],
    known: dict[int, list[int]],
) -> Scan:
    count = content[0]
    components = {component.identity: component for component in frame.components}
    parts = []
    for start in range(1, 1 + 2 * count, 2):
        tables = content[start + 1]
        dc_codes = codes.get(tables >> 4, ())
        ac_codes = codes.get(_AC | tables & 15, ())
        parts.append(Part(components[content[start]], dc_codes, ac_codes))
    first, last, bits = content[1 + 2 * count : 4 + 2 * count]
    if frame.marker != _PROGRESSIVE:
        first, last, bits = 0, _INDEXES - 1, 0
    return Scan(
        parts,
        first,
        min(last, _INDEXES - 1),
        is_refinement=bool(bits >> 4),
        low=bits & 15,
        known=known[content[1]],
    )


def _completed(scan: Scan) -> set[tuple[int, int]]:
    """Return the coefficients of which no bit is still to come, by component and index."""
    if scan.low:
        return set()
    indexes = range(scan.first, scan.last + 1)
    return {(part.component.identity, index) for part in scan.parts for index in indexes}


def _pass_scan(
    content: bytes,
    scan: Scan,
    frame: Frame,
    interval: int,
) -> int:
    """Return the number of bits behind the last block. Raise Lacking if there are fewer blocks."""
    is_single = len(scan.parts) == 1
    count = frame.count_blocks(scan.parts[0].component) if is_single else frame.count_units()
    step = interval or count
    starts = range(0, count, step)
    pieces = _RESTART.split(content)
    if len(pieces) != len(starts):
        raise Lacking
    surplus = 0
    for start, piece in zip(starts, pieces, strict=True):
        bits = as_bits(piece)
        end = min(start + step, count)
        surplus = bits.total - _pass_units(bits, scan, frame, start, end)
        if surplus < 0:
            raise Lacking
    return surplus


def _pass_units(bits: Bits, scan: Scan, frame: Frame, start: int, end: int) -> int:
    """Pass a part of a scan, and return the position behind it."""
    is_single = len(scan.parts) == 1
    counts = [1 if is_single else part.component.across * part.component.down for part in scan.parts]
    parts = [part for part, count in zip(scan.parts, counts, strict=True) for _ in range(count)]
    units = end - start
    if frame.marker != _PROGRESSIVE:
        return pass_blocks(bits, units, [(part.dc_codes, part.ac_codes) for part in parts])
    if scan.first == 0:
        if scan.is_refinement:
            return units * len(parts)
        return pass_first_coefficients(bits, units, [part.dc_codes for part in parts])
    band = Band(parts[0].ac_codes, scan.first, scan.last, scan.known, start, end)
    return refine_band(bits, band) if scan.is_refinement else pass_band(bits, band)
