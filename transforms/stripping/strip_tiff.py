"""TIFF: the strips or tiles of the first picture, under a new directory. Source: TIFF 6.0."""

import zlib
from contextlib import suppress
from io import BytesIO
from itertools import accumulate
from struct import unpack

from transforms.formats.big_tiff import read_tiff
from transforms.formats.exif import EXIF, GPS, IMAGE, LONG, MAKER_NOTE, ByteOrder, Exif, Value, read_exif
from transforms.geometry import Size

from .blocks import Unstrippable
from .strip_jpeg import strip_jpeg_tables

_SUBFILE = 254
_WIDTH = 256
_HEIGHT = 257
_BITS = 258
_COMPRESSION = 259
_PHOTOMETRIC = 262
_STRIP_OFFSETS = 273
_ORIENTATION = 274
_BIT_ORDER = 266
_CHANNELS = 277
_STRIP_BYTES = 279
_PLANES = 284
_TILE_OFFSETS = 324
_TILE_BYTES = 325
_EXTRA_CHANNELS = 338
_SAMPLE_FORMAT = 339
_JPEG_TABLES = 347
_STRIPS = (_STRIP_OFFSETS, _STRIP_BYTES)
_TILES = (_TILE_OFFSETS, _TILE_BYTES)

_MAX_BYTES = {
    _WIDTH: 4, _HEIGHT: 4, _BITS: 8, _COMPRESSION: 4, _PHOTOMETRIC: 4, _BIT_ORDER: 4, _CHANNELS: 4, 278: 4,
    _PLANES: 4, 292: 4, 293: 4, 317: 4, 320: 1536, 322: 4, 323: 4, _EXTRA_CHANNELS: 4, _SAMPLE_FORMAT: 8,
    529: 24, 530: 4, 531: 4, 532: 48,
}  # fmt: skip
"""The tags that say how pixels are stored, and the most bytes of each.

Those without a name are the rows of a strip, options of fax codes, the predictor, the palette, the sides of
tiles, and four of YCbCr."""
_DEFAULTS = {_BIT_ORDER: (1,), _PLANES: (1,)}
"""A directory need not say them."""
_READ = frozenset({*_MAX_BYTES, _SUBFILE, _ORIENTATION, _JPEG_TABLES, *_STRIPS, *_TILES})
_STRIP_ROWS = 278
_TILE_SIDES = (322, 323)
_DEFLATE = (8, 32_946)
_INFLATED_BYTES = 1_000_000
_PLAIN = 1
_JPEG = 7
_COMPRESSIONS = frozenset({_PLAIN, 2, 3, 4, 5, _JPEG, 8, 32_773, 32_946, 34_925, 50_000})
"""None, fax codes, LZW, JPEG, Deflate, PackBits, LZMA and Zstandard."""
_SEPARATE = 2
_WHITE_IS_ZERO = 0
_YCBCR = 6
_PHOTOMETRICS = frozenset({_WHITE_IS_ZERO, 1, 2, 3, _YCBCR})
_BITS_PER_SAMPLE = frozenset({1, 2, 4, 8, 16})
_ALPHAS = frozenset({1, 2})
_UPRIGHT = 1
_UNSIGNED = 1
_ENDIAN = {"little": "<", "big": ">"}
_CODES = {1: "B", 3: "H", 4: "I"}
_MAX_PARTS = 100_000


def strip_tiff(content: bytes, size: Size) -> bytes:
    """Return a TIFF of one picture, whose strips are as they were.

    Raise Unstrippable for kinds that readers show in different ways."""
    try:
        tags = read_tiff(BytesIO(content), {IMAGE: lambda tag: tag in _READ}, max_bytes=len(content))
    except ValueError as error:
        raise Unstrippable(str(error)) from error
    directory = dict(tags.image)
    tables = directory.pop(_JPEG_TABLES, None)
    facts = {tag: _numbers(value, tags.order) for tag, value in directory.items()}
    _check_kind(facts, size)
    if any(len(directory[tag].content) > most for tag, most in _MAX_BYTES.items() if tag in directory):
        raise Unstrippable("a value that is too long")
    layout = _STRIPS if _STRIP_OFFSETS in facts else _TILES
    offsets, sizes = (facts.get(tag, ()) for tag in layout)
    parts = _cut_parts(content, offsets, sizes)
    described = [tag for tag in _MAX_BYTES if tag in facts and facts[tag] != _DEFAULTS.get(tag)]
    kept = {tag: directory[tag] for tag in described}
    if len(parts) != _count_parts(facts, size):
        raise Unstrippable("strips that hold no pixels")
    if facts[_COMPRESSION][0] in _DEFLATE and not all(_is_one_stream(part) for part in parts):
        raise Unstrippable("bytes behind the pixels")
    if facts[_COMPRESSION] == (_PLAIN,) and sum(sizes) != _count_bytes(facts, size):
        raise Unstrippable("bytes between the pixels")
    if facts[_COMPRESSION] == (_JPEG,):
        parts = [strip_jpeg_tables(part) for part in parts]
        if tables:
            kept[_JPEG_TABLES] = Value(tables.type, strip_jpeg_tables(tables.content))
    return _assemble(Exif(tags.order, {IMAGE: kept}), parts, layout)


def restore_tiff_metadata(bare: bytes, donor: bytes) -> bytes:
    """Return a stripped TIFF with the tags of another that are not about its pixels.

    Leave a maker note out: its pointers count from the place where it stood."""
    own = read_exif(BytesIO(bare), {IMAGE: lambda tag: True}, max_bytes=len(bare))
    layout = _STRIPS if _STRIP_OFFSETS in own.image else _TILES
    offsets, sizes = (_numbers(own.image[tag], own.order) for tag in layout)
    parts = _cut_parts(bare, offsets, sizes)
    filters = {IMAGE: lambda tag: tag not in _READ, EXIF: lambda tag: True, GPS: lambda tag: True}
    metadata = read_exif(BytesIO(donor), filters, max_bytes=len(donor))
    added = metadata.without(MAKER_NOTE).in_order(own.order)
    return _assemble(added.with_image(added.image | own.image), parts, layout)


def _assemble(
    exif: Exif,
    parts: list[bytes],
    layout: tuple[int, int],
) -> bytes:
    """Return a TIFF of directories with the strips or tiles behind them."""
    sizes = [len(part) for part in parts]
    placed = dict(exif.image)
    # the directory takes as many bytes with these numbers as with the places
    for tag in layout:
        placed[tag] = _longs(sizes, exif.order)
    head_bytes = len(exif.with_image(placed).to_bytes())
    ends = list(accumulate(sizes, initial=head_bytes))
    placed[layout[0]] = _longs(ends[:-1], exif.order)
    return exif.with_image(placed).to_bytes() + b"".join(parts)


def _check_kind(facts: dict[int, tuple[int, ...]], size: Size) -> None:
    channels = facts.get(_CHANNELS, (1,))[0]
    extra = facts.get(_EXTRA_CHANNELS, ())
    checks = {
        "a smaller copy": facts.get(_SUBFILE, (0,))[0] & 1 == 0,
        "another size": (facts[_WIDTH], facts[_HEIGHT]) == ((size.width,), (size.height,)),
        "an orientation": facts.get(_ORIENTATION, (_UPRIGHT,)) == (_UPRIGHT,),
        "a compression": facts.get(_COMPRESSION, (0,))[0] in _COMPRESSIONS,
        "colours": facts[_PHOTOMETRIC][0] in _PHOTOMETRICS,
        "bits": len(set(facts.get(_BITS, (1,)))) == 1 and facts.get(_BITS, (1,))[0] in _BITS_PER_SAMPLE,
        "signs": set(facts.get(_SAMPLE_FORMAT, (_UNSIGNED,))) == {_UNSIGNED},
        "channels": channels - len(extra) in (1, 3) and set(extra) <= _ALPHAS,
    }
    unknown = [name for name, is_known in checks.items() if not is_known]
    if unknown:
        raise Unstrippable(", ".join(unknown))


def _count_bytes(facts: dict[int, tuple[int, ...]], size: Size) -> int:
    """Return the bytes of strips without compression. Each row starts with a byte."""
    channels = facts.get(_CHANNELS, (1,))[0]
    bits = facts.get(_BITS, (1,))[0]
    is_separate = facts.get(_PLANES) == (_SEPARATE,)
    planes = channels if is_separate else 1
    return planes * size.height * ((size.width * bits * channels // planes + 7) // 8)


def _count_parts(facts: dict[int, tuple[int, ...]], size: Size) -> int:
    """Return the number of strips or tiles that the pixels take."""
    planes = facts.get(_CHANNELS, (1,))[0] if facts.get(_PLANES) == (_SEPARATE,) else 1
    if _TILE_SIDES[0] in facts:
        # some writers give the places of tiles in the tags of strips
        width, height = (max(1, facts[tag][0]) for tag in _TILE_SIDES)
        return planes * -(-size.width // width) * -(-size.height // height)
    rows = min(facts.get(_STRIP_ROWS, (size.height,))[0], size.height)
    return planes * -(-size.height // max(1, rows))


def _is_one_stream(part: bytes) -> bool:
    """Whether a part is one stream of Deflate with nothing behind it."""
    inflate = zlib.decompressobj()
    block = b"\0"
    with suppress(zlib.error):
        while block:
            block = inflate.decompress(part, _INFLATED_BYTES)
            part = inflate.unconsumed_tail
    return inflate.eof and not inflate.unused_data


def _cut_parts(
    content: bytes,
    offsets: tuple[int, ...],
    sizes: tuple[int, ...],
) -> list[bytes]:
    """Return the strips or tiles. Together they may take no more bytes than the file has."""
    if not offsets or len(offsets) != len(sizes) or len(offsets) > _MAX_PARTS:
        raise Unstrippable("strips without places")
    if sum(sizes) > len(content):
        raise Unstrippable("strips that overlap")
    return [content[offset : offset + size] for offset, size in zip(offsets, sizes, strict=True)]


def _numbers(value: Value, order: ByteOrder) -> tuple[int, ...]:
    code = _CODES.get(value.type)
    if code is None:
        return ()
    count = len(value.content) // {"B": 1, "H": 2, "I": 4}[code]
    return unpack(f"{_ENDIAN[order]}{count}{code}", value.content)


def _longs(numbers: list[int], order: ByteOrder) -> Value:
    return Value(LONG, b"".join(number.to_bytes(4, order) for number in numbers))
