"""AVIF: the items of the picture and of its alpha, in a file written anew.

Source: ISO/IEC 14496-12, 8.11; ISO/IEC 23008-12; AV1 Image File Format 1.1."""

from collections.abc import Iterator
from dataclasses import replace

from transforms.geometry import Size

from .av1_colors import read_code_points
from .avif_items import Item, Picture, read_picture
from .blocks import Box, Unstrippable

_METADATA = frozenset({b"Exif", b"mime"})
_CODED = b"av01"
_PIXELS = frozenset({_CODED, b"grid"})
_KEPT_PROPERTIES = frozenset({b"ispe", b"pixi", b"av1C", b"colr", b"auxC"})
_DROPPED_PROPERTIES = frozenset({b"pasp", b"clli", b"mdcv"})
_ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"
_BT709 = 1
_SRGB = 13
_UNSPECIFIED = 2
_HEAD = Box(b"ftyp", b"avif\0\0\0\0avifmif1miaf").written
_BOX_HEAD_BYTES = 8
_MAX_NUMBER = 65_535
_MAX_PROPERTIES = 127
_NO_NAME = b"\0"


def strip_avif(content: bytes, size: Size) -> bytes:
    """Return a still AVIF of its picture and alpha.

    Raise Unstrippable for a sequence, a crop, or colours that are not sRGB."""
    picture = read_picture(content)
    kept = _needed_items(picture)
    colors = picture.items[picture.primary].properties
    items = {number: picture.items[number] for number in sorted(kept)}
    for item in items.values():
        if item.kind not in _PIXELS:
            raise Unstrippable(f"an item {item.kind!r}")
        item.info = _NO_NAME
        item.properties = list(_kept_properties(item))
    has_nclx = any(box.kind == b"colr" and box.content.startswith(b"nclx") for _, box in colors)
    if not has_nclx and not _are_srgb(*_read_stream_colors(picture)):
        raise Unstrippable("colours that are not sRGB by the bit stream")
    references = [each for each in picture.references if each[1] in kept and set(each[2]) <= kept]
    return _write_picture(replace(picture, items=items, references=references))


def restore_avif_metadata(bare: bytes, donor: bytes) -> bytes:
    """Return a stripped AVIF with the EXIF and XMP of another."""
    picture = read_picture(bare)
    for item in read_picture(donor).items.values():
        if item.kind not in _METADATA:
            continue
        number = max(picture.items) + 1
        picture.items[number] = item
        picture.references.append((b"cdsc", number, (picture.primary,)))
    return _write_picture(picture)


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
    return primaries in (_BT709, _UNSPECIFIED) and transfer in (_SRGB, _UNSPECIFIED)


def _read_stream_colors(picture: Picture) -> tuple[int, int]:
    """Return the code points of the bit stream, which hold if no property has others."""
    primary = picture.items[picture.primary]
    references = picture.references
    tiles = [
        targets[0] for kind, source, targets in references if kind == b"dimg" and source == picture.primary
    ]
    coded = primary if primary.kind == _CODED else picture.items[tiles[0]]
    return read_code_points(coded.content)


def _write_picture(picture: Picture) -> bytes:
    if max(picture.items) > _MAX_NUMBER:
        raise Unstrippable("numbers of items that take four bytes")
    contents = [item.content for item in picture.items.values()]
    # the places take as many bytes whatever they are
    head_bytes = len(_HEAD) + len(_meta(picture, 0).written) + _BOX_HEAD_BYTES
    return _HEAD + _meta(picture, head_bytes).written + Box(b"mdat", b"".join(contents)).written


def _meta(picture: Picture, start: int) -> Box:
    boxes = (
        Box(b"hdlr", bytes(8) + b"pict" + bytes(13)),
        Box(b"pitm", bytes(4) + picture.primary.to_bytes(2)),
        _iloc(picture, start),
        _iinf(picture),
        *_iref(picture),
        _iprp(picture),
    )
    return Box(b"meta", bytes(4) + b"".join(box.written for box in boxes))


def _iloc(picture: Picture, start: int) -> Box:
    places = b""
    for number, item in picture.items.items():
        places += number.to_bytes(2) + b"\0\0\0\1" + start.to_bytes(4) + len(item.content).to_bytes(4)
        start += len(item.content)
    return Box(b"iloc", b"\0\0\0\0\x44\0" + len(picture.items).to_bytes(2) + places)


def _iinf(picture: Picture) -> Box:
    infos = b"".join(
        Box(b"infe", b"\2\0\0\0" + number.to_bytes(2) + b"\0\0" + item.kind + item.info).written
        for number, item in picture.items.items()
    )
    return Box(b"iinf", bytes(4) + len(picture.items).to_bytes(2) + infos)


def _iref(picture: Picture) -> Iterator[Box]:
    if not picture.references:
        return
    references = b""
    for kind, source, targets in picture.references:
        numbers = b"".join(target.to_bytes(2) for target in targets)
        references += Box(kind, source.to_bytes(2) + len(targets).to_bytes(2) + numbers).written
    yield Box(b"iref", bytes(4) + references)


def _iprp(picture: Picture) -> Box:
    boxes: list[Box] = []
    entries = b""
    count = 0
    for number, item in picture.items.items():
        if not item.properties:
            continue
        count += 1
        entries += number.to_bytes(2) + len(item.properties).to_bytes(1)
        for is_essential, box in item.properties:
            if box not in boxes:
                boxes.append(box)
            index = boxes.index(box) + 1
            if index > _MAX_PROPERTIES:
                raise Unstrippable("more properties than usual")
            entries += (index | 0x80 * is_essential).to_bytes(1)
    ipco = Box(b"ipco", b"".join(box.written for box in boxes))
    ipma = Box(b"ipma", bytes(4) + count.to_bytes(4) + entries)
    return Box(b"iprp", ipco.written + ipma.written)
