"""The pixels of a bitmap of any usual kind: palettes, fields of bits by any masks, and run lengths."""

from typing import IO, Any

from PIL import BmpImagePlugin, Image, ImagePalette

from progimage.errors import UnprocessableImage
from transforms.decoding.band_math import evaluate, to_levels

from .bmp_header import BIT_FIELDS, RAW, BmpHeader, read_bmp_header
from .bmp_runs import decode_runs

_MAGIC_BYTES = 14
_OFFSET = slice(10, 14)
_MAX_FIELD_BITS = 16
_METRES_PER_INCH = 0.0254
_BLACK_AND_WHITE = bytes(3) + b"\xff" * 3


class BmpImage(BmpImagePlugin.BmpImageFile):
    """A BMP. Opening it raises UnprocessableImage for a kind that cannot be decoded."""

    header: BmpHeader

    def _open(self) -> None:
        if self.fp is None:
            raise ValueError("Expected an open file")
        head = self.fp.read(_MAGIC_BYTES)
        self.header = read_bmp_header(self.fp, _MAGIC_BYTES, int.from_bytes(head[_OFFSET], "little"))
        check_fields(self.header)
        self._size = (self.header.width, self.header.height)
        self._mode = bmp_mode(self.header)
        self.palette = ImagePalette.ImagePalette("RGB", self.header.palette) if self._mode == "P" else None
        self.tile = []
        across, down = self.header.pixels_per_metre
        if across > 0 and down > 0:
            self.info["dpi"] = (across * _METRES_PER_INCH, down * _METRES_PER_INCH)

    def load(self) -> Any:
        if self._im is None and self.fp is not None:
            decoded = decode_bitmap(self.fp, self.header)
            self.im = decoded.im
            self._mode = decoded.mode
            self.palette = decoded.palette
        return Image.Image.load(self)


def check_fields(header: BmpHeader) -> None:
    """Raise UnprocessableImage for masks whose bits do not stand together."""
    if header.is_indexed:
        return
    for mask in header.masks:
        field = mask // (mask & -mask) if mask else 0
        if field & (field + 1):
            raise UnprocessableImage(f"Expected a BMP with whole bit fields but received the mask {mask:#x}")


def bmp_mode(header: BmpHeader) -> str:
    """Return the mode that the header promises."""
    if not header.is_indexed:
        return "RGBA" if header.masks[3] else "RGB"
    if header.compression == RAW and header.palette == _BLACK_AND_WHITE:
        return "1"
    return "L" if _is_grey(header.palette) else "P"


def decode_bitmap(file: IO[bytes], header: BmpHeader) -> Image.Image:
    """Return the pixels in mode 1, L, P, RGB or RGBA. Raise OSError if some are missing."""
    file.seek(header.pixels_offset)
    if header.compression not in (RAW, BIT_FIELDS):
        return _decode_compressed(file, header)
    content = _read_rows(file, header)
    if header.is_indexed:
        return _decode_indices(content, header, header.row_bytes, header.bits)
    if header.bits == 24:
        return _from_rows("RGB", "BGR", content, header)
    if header.compression == RAW and header.bits == 32:
        return _from_rows("RGB", "BGRX", content, header)
    return _decode_fields(content, header)


def _decode_compressed(file: IO[bytes], header: BmpHeader) -> Image.Image:
    pixel_bytes = 1 if header.is_indexed else 3
    content = decode_runs(file.read(), header)
    row_bytes = header.width * pixel_bytes
    if header.is_indexed:
        return _decode_indices(content, header, row_bytes, 8)
    return _from_rows("RGB", "BGR", content, header, row_bytes)


def _read_rows(file: IO[bytes], header: BmpHeader) -> bytes:
    """Return all rows. The last may lack its padding."""
    whole = header.row_bytes * header.height
    padding = header.row_bytes - (header.width * header.bits + 7) // 8
    content = file.read(whole)
    if len(content) < whole - padding:
        raise OSError(f"Expected {whole} bytes of pixels but received {len(content)}")
    return content.ljust(whole, b"\0")


def _from_rows(
    mode: str,
    raw_mode: str,
    content: bytes,
    header: BmpHeader,
    row_bytes: int | None = None,
) -> Image.Image:
    direction = 1 if header.is_top_down else -1
    size = (header.width, header.height)
    return Image.frombytes(mode, size, content, "raw", raw_mode, row_bytes or header.row_bytes, direction)


def _decode_indices(
    content: bytes,
    header: BmpHeader,
    row_bytes: int,
    bits: int,
) -> Image.Image:
    mode = bmp_mode(header)
    if mode == "1":
        return _from_rows("1", "1", content, header, row_bytes)
    indices = _from_rows("P", "P" if bits == 8 else f"P;{bits}", content, header, row_bytes)
    if mode == "P":
        # an index beyond the palette is black
        indices.putpalette(header.palette.ljust(3 * 256, b"\0"))
        return indices
    grey = header.palette[::3]
    return Image.frombytes("L", indices.size, indices.tobytes()).point(list(grey.ljust(256, b"\0")))


def _is_grey(palette: bytes) -> bool:
    return palette[0::3] == palette[1::3] == palette[2::3]


def _decode_fields(content: bytes, header: BmpHeader) -> Image.Image:
    raw_mode = "I;16" if header.bits == 16 else "I;32S"
    numbers = _from_rows("I", raw_mode, content, header)
    bands = [_field(numbers, mask) for mask in header.masks]
    if not header.masks[3] or bands[3].getextrema() == (0, 0):
        # writers that know nothing of alpha leave it 0, and browsers show their pictures
        return Image.merge("RGB", bands[:3])
    return Image.merge("RGBA", bands)


def _field(numbers: Image.Image, mask: int) -> Image.Image:
    """Return the bits of a mask, scaled to 8."""
    if not mask:
        return Image.new("L", numbers.size)
    shift = (mask & -mask).bit_length() - 1
    bits = mask.bit_length() - shift
    surplus_bits = max(0, bits - _MAX_FIELD_BITS)
    shift += surplus_bits
    bits -= surplus_bits
    field = evaluate(lambda bands: (bands["numbers"] >> shift) & (2**bits - 1), numbers=numbers)
    return to_levels(field, bits)
