"""Rows of a TIFF's samples as Pillow's images, one per sample of a px.

Whole numbers up to 16 bits have mode I, all other numbers mode F."""

from array import array
from collections.abc import Sequence
from typing import Any

from PIL import Image

from transforms.decoding.band_math import evaluate

from .tiff_layout import Layout, Number

_RAW_MODES = {
    (Number.SIGNED, 8): "F;8S",
    (Number.SIGNED, 16): "F;16NS",
    (Number.SIGNED, 32): "F;32NS",
    (Number.UNSIGNED, 32): "F;32N",
    (Number.FLOAT, 32): "F;32NF",
    (Number.FLOAT, 64): "F;64NF",
}
_ARRAYS = {8: "B", 16: "H", 32: "I", 64: "Q"}


def read_samples(planes: Sequence[bytes | bytearray], layout: Layout, rows: int) -> list[Image.Image]:
    """Return an image per sample of a px. `planes` holds all samples, or one entry per plane."""
    if layout.bits not in _ARRAYS:
        planes = [_unpack(plane, layout, rows) for plane in planes]
    bits = layout.bits if layout.bits in _ARRAYS else 16
    if not layout.is_planar:
        planes = _separate(planes[0], bits, layout.samples)
    size = (layout.width, rows)
    return [_as_image(plane, layout.number, bits, size) for plane in planes]


def _separate(content: bytes | bytearray, bits: int, count: int) -> Sequence[bytes | bytearray]:
    if count == 1:
        return [content]
    samples = array(_ARRAYS[bits], content)
    return [samples[first::count].tobytes() for first in range(count)]


def _as_image(content: bytes | bytearray, number: Number, bits: int, size: tuple[int, int]) -> Image.Image:
    if (number, bits) == (Number.FLOAT, 16):
        return _from_halves(Image.frombytes("I", size, content, "raw", "I;16N"))
    if number == Number.UNSIGNED and bits == 8:
        return Image.frombytes("L", size, content).convert("I")
    if number == Number.UNSIGNED and bits == 16:
        return Image.frombytes("I", size, content, "raw", "I;16N")
    return Image.frombytes("F", size, content, "raw", _RAW_MODES[number, bits])


def _from_halves(halves: Image.Image) -> Image.Image:
    """Return numbers of IEEE 754's half precision in single precision. Those below 2^-14 become 0."""

    def widened(bands: dict[str, Any]) -> Any:
        half = bands["half"]
        sign = (half & 0x8000) << 16
        exponent = (half >> 10) & 31
        rebiased = (exponent + 112 + (exponent == 31) * 112) << 23
        fraction = (half & 0x3FF) << 13
        return sign | (rebiased | fraction) * (exponent > 0)

    bits = evaluate(widened, half=halves)
    return Image.frombytes("F", halves.size, bits.tobytes(), "raw", "F;32NF")


def _unpack(content: bytes | bytearray, layout: Layout, rows: int) -> bytes:
    """Return samples of fewer than 16 bits, which stand in each row without a gap, as 16-bit ones.

    Eight samples take as many bytes as one has bits."""
    bits = layout.bits
    in_a_row = layout.width * (1 if layout.is_planar else layout.samples)
    groups = -(-in_a_row // 8)
    packed = Image.frombytes("L", (layout.row_bytes, rows), content)
    whole = packed.crop((0, 0, groups * bits, rows)).tobytes()
    unpacked = array("H", bytes(2 * 8 * groups * rows))
    for index in range(8):
        unpacked[index::8] = array("H", _nth_sample(whole, index * bits, bits))
    result = Image.frombytes("I;16", (groups * 8, rows), unpacked.tobytes(), "raw", "I;16N")
    return result.crop((0, 0, in_a_row, rows)).tobytes("raw", "I;16N")


def _nth_sample(content: bytes | bytearray, first_bit: int, bits: int) -> bytes:
    """Return the sample that starts at a bit of each group of `bits` bytes."""
    start, skipped_bits = divmod(first_bit, 8)
    count = len(content) // bits
    window = [
        Image.frombytes("L", (count, 1), content[byte::bits]) if byte < bits else Image.new("L", (count, 1))
        for byte in range(start, start + 3)
    ]

    def shifted(bands: dict[str, Any]) -> Any:
        joined = (bands["first"] << 16) | (bands["second"] << 8) | bands["third"]
        return (joined >> (24 - skipped_bits - bits)) & (2**bits - 1)

    samples = evaluate(
        shifted,
        first=window[0].convert("I"),
        second=window[1].convert("I"),
        third=window[2].convert("I"),
    )
    unpacked: bytes = samples.convert("I;16").tobytes("raw", "I;16N")
    return unpacked
