"""The items of an AVIF, written anew. Source: ISO/IEC 14496-12, 8.11; ISO/IEC 23008-12."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

from transforms.containers.boxes import Box

from .avif_items import Picture
from .blocks import Unstrippable

_HEAD = Box(b"ftyp", b"avif\0\0\0\0avifmif1miaf").written
_BOX_HEAD_BYTES = 8
_MAX_NUMBER = 65_535
_MAX_PROPERTIES = 127


def write_picture(picture: Picture) -> bytes:
    """Return a still AVIF. The bytes of its items follow one another."""
    contents = [item.content for item in picture.items.values()]
    sizes = [len(content) for content in contents]
    # the places take as many bytes whatever they are
    head_bytes = len(_HEAD) + len(describe_items(picture, sizes).written) + _BOX_HEAD_BYTES
    starts = list(accumulate(sizes, initial=head_bytes))
    description = describe_items(picture, starts[:-1])
    return _HEAD + description.written + Box(b"mdat", b"".join(contents)).written


def describe_items(
    picture: Picture,
    starts: Sequence[int],
    *,
    padding: int = 0,
) -> Box:
    """Return the description of items whose bytes start at these places of the file.

    `padding` bytes are added to the name of the handler, which is empty."""
    if max(picture.items) > _MAX_NUMBER:
        raise Unstrippable("numbers of items that take four bytes")
    boxes = (
        Box(b"hdlr", bytes(8) + b"pict" + bytes(13 + padding)),
        Box(b"pitm", bytes(4) + picture.primary.to_bytes(2)),
        _iloc(picture, starts),
        _iinf(picture),
        *_iref(picture),
        _iprp(picture),
    )
    return Box(b"meta", bytes(4) + b"".join(box.written for box in boxes))


def _iloc(picture: Picture, starts: Sequence[int]) -> Box:
    places = b""
    for (number, item), start in zip(picture.items.items(), starts, strict=True):
        places += number.to_bytes(2) + b"\0\0\0\1" + start.to_bytes(4) + len(item.content).to_bytes(4)
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
