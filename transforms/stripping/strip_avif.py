"""AVIF: the items of the picture and of its alpha, in a file written anew.

Source: ISO/IEC 14496-12, 8.11; ISO/IEC 23008-12; AV1 Image File Format 1.1."""

from collections.abc import Iterator
from dataclasses import replace

from transforms.containers.av1_sequence import CodePoints, read_code_points
from transforms.containers.boxes import Box, Place
from transforms.geometry import Size

from .av1_units import check_configuration, clear_units
from .avif_items import Item, Picture, is_sequence, read_picture
from .avif_writer import describe_items, write_picture
from .blocks import Unstrippable
from .strip_avif_sequence import clear_sequence

_METADATA = frozenset({b"Exif", b"mime"})
_CODED = b"av01"
_PIXELS = frozenset({_CODED, b"grid"})
_KEPT_PROPERTIES = frozenset({b"ispe", b"pixi", b"av1C", b"colr", b"auxC"})
_DROPPED_PROPERTIES = frozenset({b"pasp", b"clli", b"mdcv"})
_ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"
_GRID_BYTES = (8, 12)
_BT709 = 1
_LIKE_SRGB = frozenset({1, 6, 11, 13, 14, 15})
"""sRGB's own curve, and those of video, which mean the same in an AVIF (color/cicp.py)."""
_UNSPECIFIED = 2
_NO_NAME = b"\0"


def strip_avif(content: bytes, size: Size) -> bytes:
    """Return an AVIF of its picture and alpha, or of its frames.

    Raise Unstrippable for a crop, layers, or colours that are not sRGB."""
    if is_sequence(content):
        return clear_sequence(content, _is_srgb, _clear_items)
    return write_picture(_stripped(read_picture(content)))


def _stripped(picture: Picture) -> Picture:
    kept = _needed_items(picture)
    colors = picture.items[picture.primary].properties
    items = {number: picture.items[number] for number in sorted(kept)}
    for item in items.values():
        if item.kind not in _PIXELS:
            raise Unstrippable(f"an item {item.kind!r}")
        _check_properties(item)
        item.content = _clear_content(item)
        item.info = _NO_NAME
        item.properties = list(_kept_properties(item))
    has_nclx = any(box.kind == b"colr" and box.content.startswith(b"nclx") for _, box in colors)
    if not has_nclx and not _are_srgb(*_read_stream_colors(picture)):
        raise Unstrippable("colours that are not sRGB by the bit stream")
    references = [each for each in picture.references if each[1] in kept and set(each[2]) <= kept]
    return replace(picture, items=items, references=references)


def _clear_content(item: Item) -> bytes:
    """Return the bytes of an item with zeros for all that is no pixel."""
    if item.kind != _CODED:
        if len(item.content) not in _GRID_BYTES:
            raise Unstrippable("a grid of another length")
        return item.content
    stream = bytearray(item.content)
    clear_units(stream, 0, len(stream))
    return bytes(stream)


def _check_properties(item: Item) -> None:
    """Raise Unstrippable for a property that is longer than the numbers in it say, or says something else."""
    for _, box in item.properties:
        content = box.content
        checks = {
            b"ispe": len(content) == 12,
            b"pixi": len(content) > 4 and len(content) == 5 + content[4],
            b"colr": content[:4] != b"nclx" or len(content) == 11,
            b"auxC": content[4:] == _ALPHA,
        }
        if not checks.get(box.kind, True):
            raise Unstrippable(f"a property {box.kind!r} of another length")
        if box.kind == b"av1C":
            check_configuration(content)


def _clear_items(file: bytearray, meta: Place) -> list[range]:
    """Write a shorter description of the items in the place of theirs. Return the places of their bytes."""
    picture = _stripped(read_picture(bytes(file)))
    if any(len(item.starts) != 1 for item in picture.items.values()):
        raise Unstrippable("an item in several parts")
    starts = [item.starts[0] for item in picture.items.values()]
    for item, start in zip(picture.items.values(), starts, strict=True):
        file[start : start + len(item.content)] = item.content
    free_bytes = meta.end - meta.start - len(describe_items(picture, starts).written)
    if free_bytes < 0:
        raise Unstrippable("no room for the description of items")
    file[meta.start : meta.end] = describe_items(picture, starts, padding=free_bytes).written
    sizes = [len(item.content) for item in picture.items.values()]
    return [range(start, start + count) for start, count in zip(starts, sizes, strict=True)]


def restore_avif_metadata(bare: bytes, donor: bytes) -> bytes:
    """Return a stripped AVIF with the EXIF and XMP of another. Raise Unstrippable for a sequence."""
    if is_sequence(bare):
        raise Unstrippable("a sequence, in which nothing may move")
    picture = read_picture(bare)
    for item in read_picture(donor).items.values():
        if item.kind not in _METADATA:
            continue
        number = max(picture.items) + 1
        picture.items[number] = item
        picture.references.append((b"cdsc", number, (picture.primary,)))
    return write_picture(picture)


def _needed_items(picture: Picture) -> set[int]:
    """Return the primary item, its alpha, and the tiles of both."""
    needed = {picture.primary}
    for _ in range(3):
        for kind, source, targets in picture.references:
            if kind == b"dimg" and source in needed:
                needed |= set(targets)
            if kind == b"auxl" and set(targets) <= needed and _is_alpha(picture.items[source]):
                needed.add(source)
    return needed


def _is_alpha(item: Item) -> bool:
    return any(box.kind == b"auxC" and box.content[4:] == _ALPHA for _, box in item.properties)


def _kept_properties(item: Item) -> Iterator[tuple[bool, Box]]:
    for is_essential, box in item.properties:
        if box.kind == b"colr" and box.content[:4] in (b"prof", b"rICC"):
            continue
        if box.kind == b"colr" and not _is_srgb(box.content):
            raise Unstrippable("colours that are not sRGB")
        if box.kind in _KEPT_PROPERTIES:
            yield is_essential, box
        elif box.kind not in _DROPPED_PROPERTIES:
            raise Unstrippable(f"a property {box.kind!r}")


def _is_srgb(colors: bytes) -> bool:
    primaries = int.from_bytes(colors[4:6])
    transfer = int.from_bytes(colors[6:8])
    return colors[:4] == b"nclx" and _are_srgb(primaries, transfer)


def _are_srgb(primaries: int, transfer: int) -> bool:
    return primaries in (_BT709, _UNSPECIFIED) and transfer in _LIKE_SRGB | {_UNSPECIFIED}


def _read_stream_colors(picture: Picture) -> CodePoints:
    """Return the code points of the bit stream, which hold if no property has others.

    Raise Unstrippable if they cannot be read."""
    primary = picture.items[picture.primary]
    references = picture.references
    tiles = [
        targets[0] for kind, source, targets in references if kind == b"dimg" and source == picture.primary
    ]
    coded = primary if primary.kind == _CODED else picture.items[tiles[0]]
    code_points = read_code_points(coded.content)
    if code_points is None:
        raise Unstrippable("a bit stream without a whole header")
    return code_points
