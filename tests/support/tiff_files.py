"""TIFF by code: pages of any depth and kind of number, in strips or tiles, planes or pixels, either byte order."""

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

BLACK_IS_ZERO, RGB, PALETTE, CMYK, CIELAB, ICCLAB = 1, 2, 3, 5, 8, 9
NONE, DEFLATE = 1, 8
Order = Literal["<", ">"]
_SHORT, _LONG, _UNDEFINED, _LONG8 = 3, 4, 7, 16
_FORMS = {_SHORT: "H", _LONG: "I", _LONG8: "Q"}
_FORMATS = {"u": 1, "i": 2, "f": 3, "c": 6}


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page. `samples` has the shape (height, width, samples); `bits` packs whole numbers below a byte's border."""

    samples: NDArray[Any]
    photometric: int = BLACK_IS_ZERO
    bits: int | None = None
    extras: tuple[int, ...] = ()
    is_planar: bool = False
    tile: tuple[int, int] | None = None
    has_tiles_as_strips: bool = False
    """Whether tiles stand in the tags of strips."""
    rows_per_strip: int = 7
    compression: int = NONE
    predictor: int = 1
    tags: Mapping[int, tuple[int, ...] | bytes] = field(default_factory=dict)
    subpages: Sequence["Page"] = ()


def tiff(*pages: Page, order: Order = "<", is_big: bool = False) -> bytes:
    """Return a TIFF of these pages."""
    magic = b"II" if order == "<" else b"MM"
    if is_big:
        head = magic + struct.pack(order + "HHHQ", 43, 8, 0, 0)
    else:
        head = magic + struct.pack(order + "HI", 42, 0)
    content = bytearray(head)
    _Writer(content, order, is_big).chain(pages, len(head) - (8 if is_big else 4))
    return bytes(content)


@dataclass
class _Writer:
    content: bytearray
    order: Order
    is_big: bool

    def chain(self, pages: Sequence[Page], pointer: int) -> None:
        for page in pages:
            offset, pointer_place = self.page(page)
            self.put(pointer, offset)
            pointer = pointer_place

    def put(self, place: int, offset: int) -> None:
        form = self.order + ("Q" if self.is_big else "I")
        struct.pack_into(form, self.content, place, offset)

    def append(self, block: bytes) -> int:
        self.content += bytes(len(self.content) % 2)
        self.content += block
        return len(self.content) - len(block)

    def page(self, page: Page) -> tuple[int, int]:
        """Write a page. Return the offsets of its directory and of its pointer to the next one."""
        blocks = _blocks(page, self.order)
        offsets = tuple(self.append(block) for block in blocks)
        subpages = tuple(self.page(subpage)[0] for subpage in page.subpages)
        height, width, count = page.samples.shape
        bits = page.bits or page.samples.dtype.itemsize * 8
        places, sizes = (324, 325) if page.tile and not page.has_tiles_as_strips else (273, 279)
        tags: dict[int, tuple[int, ...] | bytes] = {
            256: (width,),
            257: (height,),
            258: (bits,) * count,
            259: (page.compression,),
            262: (page.photometric,),
            places: offsets,
            277: (count,),
            sizes: tuple(len(block) for block in blocks),
            284: (2 if page.is_planar else 1,),
            317: (page.predictor,),
            339: (_FORMATS[page.samples.dtype.kind],) * count,
            **({322: (page.tile[0],), 323: (page.tile[1],)} if page.tile else {278: (page.rows_per_strip,)}),
            **({338: page.extras} if page.extras else {}),
            **({330: subpages} if subpages else {}),
            **page.tags,
        }
        return self.directory(tags)

    def directory(self, tags: dict[int, tuple[int, ...] | bytes]) -> tuple[int, int]:
        inline, count_form = (8, "Q") if self.is_big else (4, "I")
        entries = b""
        for tag, value in sorted(tags.items()):
            kind = _kind(value)
            packed = (
                value
                if isinstance(value, bytes)
                else struct.pack(f"{self.order}{len(value)}{_FORMS[kind]}", *value)
            )
            field = packed.ljust(inline, b"\0")
            if len(packed) > inline:
                field = struct.pack(self.order + count_form, self.append(packed))
            entries += struct.pack(self.order + "HH" + count_form, tag, kind, len(value)) + field
        head = struct.pack(self.order + ("Q" if self.is_big else "H"), len(tags))
        start = self.append(head + entries + bytes(inline))
        return start, len(self.content) - inline


def _kind(value: tuple[int, ...] | bytes) -> int:
    if isinstance(value, bytes):
        return _UNDEFINED
    return _SHORT if max(value) < 65_536 else _LONG


def _blocks(page: Page, order: Order) -> list[bytes]:
    samples = page.samples
    planes = (
        [samples[..., index : index + 1] for index in range(samples.shape[2])]
        if page.is_planar
        else [samples]
    )
    if page.tile is None:
        parts = [
            plane[top : top + page.rows_per_strip]
            for plane in planes
            for top in range(0, samples.shape[0], page.rows_per_strip)
        ]
    else:
        parts = [tile for plane in planes for tile in _tiles(plane, page.tile)]
    return [_encoded(part, page, order) for part in parts]


def _tiles(plane: NDArray[Any], tile: tuple[int, int]) -> list[NDArray[Any]]:
    width, height = tile
    padding = (-plane.shape[0] % height, -plane.shape[1] % width)
    padded = np.pad(plane, ((0, padding[0]), (0, padding[1]), (0, 0)), mode="edge")
    return [
        padded[top : top + height, left : left + width]
        for top in range(0, padded.shape[0], height)
        for left in range(0, padded.shape[1], width)
    ]


def _encoded(part: NDArray[Any], page: Page, order: Order) -> bytes:
    rows = _predicted(part, page.predictor)
    if page.bits and page.bits not in (8, 16, 32, 64):
        content = _packed(rows.reshape(part.shape[0], -1), page.bits)
    else:
        content = rows.astype(rows.dtype.newbyteorder(order)).tobytes()
    return zlib.compress(content) if page.compression == DEFLATE else content


def _predicted(part: NDArray[Any], predictor: int) -> NDArray[Any]:
    """TIFF 6.0, section 14; for 3, Adobe's note on floats: bytes of the same weight together, then differences."""
    if predictor == 2:
        return np.concatenate([part[:, :1], np.diff(part, axis=1)], axis=1)
    if predictor == 3:
        rows = np.ascontiguousarray(part.astype(part.dtype.newbyteorder(">"))).reshape(part.shape[0], -1)
        weights = rows.view(np.uint8).reshape(part.shape[0], -1, part.dtype.itemsize).swapaxes(1, 2)
        flat = np.ascontiguousarray(weights).reshape(part.shape[0], -1, part.shape[2])
        return np.concatenate([flat[:, :1], np.diff(flat, axis=1)], axis=1)
    return part


def _packed(rows: NDArray[Any], bits: int) -> bytes:
    """Each row's numbers, the highest bit first, filled to a whole byte."""
    numbers = rows.astype(np.uint32)[..., None] >> np.arange(bits - 1, -1, -1, dtype=np.uint32) & 1
    return np.packbits(numbers.reshape(rows.shape[0], -1).astype(np.uint8), axis=1).tobytes()
