"""Animated AVIF: everything that is no frame is overwritten by zeros. Its tables hold places in the file, so
that nothing may move.

Source: ISO/IEC 14496-12, 8.3 to 8.7; AV1 Codec ISO Media File Format Binding."""

from collections.abc import Callable, Mapping
from struct import unpack_from

from transforms.containers.boxes import Place

from .av1_units import check_configuration, clear_units
from .blocks import Unstrippable, read_places

_CONTAINERS = frozenset({b"trak", b"edts", b"tref", b"mdia", b"minf", b"dinf", b"stbl"})
_ENTRY_BYTES = {b"stts": 8, b"stsc": 12, b"stco": 4, b"co64": 8, b"stss": 4, b"ctts": 8}
_HANDLERS = frozenset({b"pict", b"auxv"})
_ENTRY_HEAD_BYTES = 78
_NAME = slice(42, 74)
"""The name of the encoder in the description of samples."""
_ENTRY_KEPT = frozenset({b"av1C", b"ccst", b"auxi", b"pasp", b"taic", b"colr"})
_NAMING_COLORS = frozenset({b"colr", b"auxi"})
"""Alpha has no colours."""
_OWN_FILE = b"\0\0\0\0\0\0\0\1\0\0\0\x0curl \0\0\0\1"
_UPRIGHT = b"".join(number.to_bytes(4) for number in (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30))
_MATRIX = {0: slice(40, 76), 1: slice(52, 88)}
_MAX_BRAND_BYTES = 64
_MAX_ENTRY_BYTES = 512
_MAX_SAMPLES = 20_000
_MAX_DEPTH = 5


def clear_sequence(
    content: bytes,
    is_srgb: Callable[[bytes], bool],
    clear_meta: Callable[[bytearray, Place], list[range]],
) -> bytes:
    """Return the animation without times, names, metadata and bytes that belong to no frame.

    `is_srgb` judges a colr box. `clear_meta` clears the description of items and returns the places of
    their bytes. Raise Unstrippable for tracks that are no pictures, are turned or are not understood."""
    file = bytearray(content)
    top = list(read_places(file, 0, len(file)))
    kinds = [box.kind for box in top]
    is_usual = kinds[0] == b"ftyp" and kinds.count(b"moov") == 1 and kinds.count(b"meta") <= 1
    if not is_usual or top[0].end > _MAX_BRAND_BYTES:
        raise Unstrippable("a sequence of another form")
    kept: list[range] = []
    for box in top:
        if box.kind == b"moov":
            kept += _clear_movie(file, box, is_srgb)
        elif box.kind == b"meta":
            kept += clear_meta(file, box)
        elif box.kind not in (b"ftyp", b"mdat"):
            clear(file, box)
    data = [box for box in top if box.kind == b"mdat"]
    for place in kept:
        if not any(box.body <= place.start and place.stop <= box.end for box in data):
            raise Unstrippable("samples in another box")
        clear_units(file, place.start, place.stop)
    for box in data:
        _clear_all_but(file, box, kept)
    return bytes(file)


def clear(file: bytearray, box: Place) -> None:
    """Turn a box into free space."""
    file[box.start + 4 : box.start + 8] = b"free"
    file[box.body : box.end] = bytes(box.end - box.body)


def _clear_all_but(
    file: bytearray,
    box: Place,
    kept: list[range],
) -> None:
    position = box.body
    for place in sorted(kept, key=lambda place: place.start):
        gap_end = min(place.start, box.end)
        if gap_end > position:
            file[position:gap_end] = bytes(gap_end - position)
        position = max(position, place.stop)
    if position < box.end:
        file[position : box.end] = bytes(box.end - position)


def _clear_movie(
    file: bytearray,
    movie: Place,
    is_srgb: Callable[[bytes], bool],
) -> list[range]:
    """Clear the movie's boxes. Return the places of its samples."""
    kept: list[range] = []
    for box in read_places(file, movie.body, movie.end):
        if box.kind == b"trak":
            tables: dict[bytes, bytes] = {}
            _clear_track(file, box, tables, is_srgb)
            kept += _read_chunks(tables)
        elif box.kind == b"mvhd":
            _clear_times(file, box)
        else:
            clear(file, box)
    if sum(map(len, kept)) > len(file):
        raise Unstrippable("samples that overlap")
    return kept


def _clear_track(
    file: bytearray,
    parent: Place,
    tables: dict[bytes, bytes],
    is_srgb: Callable[[bytes], bool],
    depth: int = 0,
) -> None:
    if depth > _MAX_DEPTH:
        raise Unstrippable("boxes in boxes")
    for box in read_places(file, parent.body, parent.end):
        content = bytes(file[box.body : box.end])
        if box.kind in _CONTAINERS:
            _clear_track(file, box, tables, is_srgb, depth + 1)
        elif box.kind == b"stsd":
            _clear_entry(file, box, is_srgb)
        elif box.kind in _CLEARERS:
            _CLEARERS[box.kind](file, box)
        elif box.kind in _ENTRY_BYTES or box.kind == b"stsz":
            _check_table(box.kind, content)
            tables[box.kind] = content
        elif not _is_known(box.kind, content):
            clear(file, box)


def _is_known(kind: bytes, content: bytes) -> bool:
    if kind == b"dref":
        return content == _OWN_FILE
    if kind == b"elst":
        entry_bytes = 20 if content[0] else 12
        return len(content) == 8 + entry_bytes * int.from_bytes(content[4:8])
    # an alpha names its picture
    return (kind == b"vmhd" and len(content) == 12) or (kind in (b"auxl", b"prem") and len(content) == 4)


def _check_table(kind: bytes, content: bytes) -> None:
    """Raise Unstrippable if a table has other bytes than its entries."""
    if kind == b"stsz":
        sample_bytes, count = unpack_from(">II", content, 4)
        expected = 12 if sample_bytes else 12 + 4 * count
    else:
        expected = 8 + _ENTRY_BYTES[kind] * int.from_bytes(content[4:8])
    if len(content) != expected:
        raise Unstrippable(f"a table {kind!r}")


def _read_chunks(tables: Mapping[bytes, bytes]) -> list[range]:
    """Return the places of the chunks, each of which holds samples one behind the other."""
    sample_bytes, count = unpack_from(">II", tables[b"stsz"], 4)
    chunk_count = len(tables.get(b"stco", b"")) // 4 + len(tables.get(b"co64", b"")) // 8
    if max(count, chunk_count) > _MAX_SAMPLES:
        raise Unstrippable("too many samples")
    sizes = [sample_bytes] * count if sample_bytes else list(unpack_from(f">{count}I", tables[b"stsz"], 12))
    has_long_places = b"co64" in tables
    places = tables[b"co64" if has_long_places else b"stco"]
    chunk_count = int.from_bytes(places[4:8])
    starts = unpack_from(f">{chunk_count}{'Q' if has_long_places else 'I'}", places, 8)
    runs = [unpack_from(">II", tables[b"stsc"], place) for place in range(8, len(tables[b"stsc"]), 12)]
    samples_of = dict(runs)
    samples = 0
    kept = []
    for number, start in enumerate(starts, 1):
        samples = samples_of.get(number, samples)
        chunk_bytes = sum(sizes[:samples])
        sizes = sizes[samples:]
        kept.append(range(start, start + chunk_bytes))
    return kept


def _clear_entry(
    file: bytearray,
    table: Place,
    is_srgb: Callable[[bytes], bool],
) -> None:
    """Clear the name in the description of samples, and check the boxes behind it."""
    entries = list(read_places(file, table.body + 8, table.end))
    if [entry.kind for entry in entries] != [b"av01"] or table.end - table.body > _MAX_ENTRY_BYTES:
        raise Unstrippable("samples of another kind")
    body = entries[0].body
    file[body + _NAME.start : body + _NAME.stop] = bytes(_NAME.stop - _NAME.start)
    is_described = False
    for box in read_places(file, body + _ENTRY_HEAD_BYTES, entries[0].end):
        if box.kind not in _ENTRY_KEPT:
            raise Unstrippable(f"a property {box.kind!r}")
        if box.kind == b"av1C":
            check_configuration(bytes(file[box.body : box.end]))
        if box.kind == b"colr" and not is_srgb(bytes(file[box.body : box.end])):
            raise Unstrippable("colours that are not sRGB")
        is_described = is_described or box.kind in _NAMING_COLORS
    if not is_described:
        raise Unstrippable("colours that are not sRGB")


def _clear_times(file: bytearray, box: Place) -> None:
    """Clear the times of creation and of modification, which take 8 bytes each in version 1."""
    time_bytes = 16 if file[box.body] else 8
    file[box.body + 4 : box.body + 4 + time_bytes] = bytes(time_bytes)


def _clear_track_head(file: bytearray, box: Place) -> None:
    matrix = _MATRIX[min(file[box.body], 1)]
    if file[box.body + matrix.start : box.body + matrix.stop] != _UPRIGHT:
        raise Unstrippable("a track that is turned")
    _clear_times(file, box)


def _clear_handler(file: bytearray, box: Place) -> None:
    if bytes(file[box.body + 8 : box.body + 12]) not in _HANDLERS:
        raise Unstrippable("a track that is no picture")
    file[box.body + 24 : box.end] = bytes(max(0, box.end - box.body - 24))


_CLEARERS: Mapping[bytes, Callable[[bytearray, Place], None]] = {
    b"tkhd": _clear_track_head,
    b"mdhd": _clear_times,
    b"hdlr": _clear_handler,
}
