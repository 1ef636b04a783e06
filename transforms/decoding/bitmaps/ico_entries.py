"""The largest and deepest picture of an ICO, a PNG or a bitmap with a mask.

Source: Microsoft, "Icons" (1995); The Old New Thing, "The evolution of the ICO file format"."""

from contextlib import suppress
from dataclasses import dataclass, replace
from io import BytesIO
from struct import error, iter_unpack
from typing import IO, Any

from PIL import Image, ImageFile

from progimage.errors import UnprocessableImage
from transforms.color.modes import to_bands
from transforms.decoding.png.png_transparency import PngImage

from .bmp_fields import check_fields, decode_bitmap
from .bmp_header import BIT_FIELDS, RAW, BmpHeader, read_bmp_header

_HEAD_BYTES = 6
_COUNT = slice(4, 6)
_ENTRY = "<8xII"
_ENTRY_BYTES = 16
_MAX_ENTRIES = 256
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_PNG_HEAD_BYTES = 26
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ALPHA_MASKS = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)


@dataclass(frozen=True)
class Entry:
    """A picture of an icon: its own size and bits per px, whatever the icon's directory says."""

    offset: int
    width: int
    height: int
    bits: int
    bitmap: BmpHeader | None = None
    """None for a PNG."""


class IcoImage(ImageFile.ImageFile):
    """An ICO, shown as its largest picture; of several so large, as the deepest."""

    format = "ICO"
    format_description = "Windows Icon"

    def _open(self) -> None:
        if self.fp is None:
            raise ValueError("Expected an open file")
        self.entry = find_entry(self.fp)
        self._size = (self.entry.width, self.entry.height)
        self.picture = None if self.entry.bitmap else _open_png(self.fp, self.entry.offset)
        self._mode = "RGBA"
        self.tile = []
        if self.picture:
            if self.picture.size != self._size:
                # a second header; the first alone is checked against the limits
                raise ValueError("Expected a PNG of one size")
            has_alpha = self.picture.has_transparency_data
            self._mode = "RGBA" if has_alpha else self.picture.mode
            self.palette = self.picture.palette
            if "icc_profile" in self.picture.info:
                self.info["icc_profile"] = self.picture.info["icc_profile"]

    def load(self) -> Any:
        if self._im is None and self.fp is not None:
            decoded = to_bands(self.picture) if self.picture else _decode_masked(self.fp, self.entry)
            decoded.load()
            self.im = decoded.im
            self._mode = decoded.mode
            self.palette = None
        return Image.Image.load(self)


def find_entry(file: IO[bytes]) -> Entry:
    """Return the largest and deepest picture. Pass over those that are damaged.

    Raise ValueError if none is left, or the refusal of the first kind that cannot be decoded."""
    file.seek(0)
    count = min(int.from_bytes(file.read(_HEAD_BYTES)[_COUNT], "little"), _MAX_ENTRIES)
    directory = file.read(_ENTRY_BYTES * count)
    entries = []
    refusals = []
    for _, offset in iter_unpack(_ENTRY, directory[: len(directory) // _ENTRY_BYTES * _ENTRY_BYTES]):
        try:
            with suppress(ValueError, error):
                entries.append(_read_entry(file, offset))
        except UnprocessableImage as refusal:
            refusals.append(refusal)
    if not entries and refusals:
        raise refusals[0]
    if not entries:
        raise ValueError("Expected an icon with a picture")
    return max(entries, key=lambda entry: (entry.width * entry.height, entry.bits))


def _read_entry(file: IO[bytes], offset: int) -> Entry:
    file.seek(offset)
    head = file.read(_PNG_HEAD_BYTES)
    if head.startswith(_PNG_MAGIC):
        if len(head) < _PNG_HEAD_BYTES or head[12:16] != b"IHDR":
            raise ValueError("Expected a whole header of a PNG")
        width = int.from_bytes(head[16:20])
        height = int.from_bytes(head[20:24])
        return Entry(offset, width, height, head[24] * _PNG_CHANNELS.get(head[25], 0))
    bitmap = read_bmp_header(file, offset)
    check_fields(bitmap)
    if bitmap.compression not in (RAW, BIT_FIELDS):
        raise UnprocessableImage("Expected an ICO with pixels or PNGs but received run lengths")
    # the height counts the mask, too
    bitmap = replace(bitmap, height=bitmap.height // 2)
    return Entry(offset, bitmap.width, bitmap.height, bitmap.bits, bitmap)


def _open_png(file: IO[bytes], offset: int) -> PngImage:
    file.seek(offset)
    return PngImage(BytesIO(file.read()))


def _decode_masked(file: IO[bytes], entry: Entry) -> Image.Image:
    """Return a bitmap in RGBA, with its own alpha if it has any, else with that of its mask."""
    bitmap = entry.bitmap
    if bitmap is None:
        raise ValueError("Expected a bitmap")
    if bitmap.bits == 32 and bitmap.compression == RAW:
        bitmap = replace(bitmap, compression=BIT_FIELDS, masks=_ALPHA_MASKS)
    image = decode_bitmap(file, bitmap)
    if image.mode == "RGBA":
        return image
    result = image.convert("RGBA")
    result.putalpha(_read_mask(file, bitmap))
    return result


def _read_mask(file: IO[bytes], bitmap: BmpHeader) -> Image.Image:
    """Return 255 for opaque px and 0 for those that the mask leaves out. Without a mask all are opaque."""
    size = (bitmap.width, bitmap.height)
    row_bytes = (bitmap.width + 31) // 32 * 4
    file.seek(bitmap.pixels_offset + bitmap.row_bytes * bitmap.height)
    content = file.read(row_bytes * bitmap.height)
    if not content:
        return Image.new("L", size, 255)
    if len(content) < row_bytes * bitmap.height:
        raise OSError("The mask of an icon is incomplete")
    direction = 1 if bitmap.is_top_down else -1
    return Image.frombytes("1", size, content, "raw", "1;I", row_bytes, direction).convert("L")
