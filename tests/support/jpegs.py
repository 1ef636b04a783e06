"""JPEGs that Pillow cannot write: any sampling of the colours, one scan for each component."""

import io
import struct
from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from PIL import Image, ImageChops

Sampling = tuple[int, int]
"""Factors across and down (ITU-T T.81, A.1.1)."""

SAMPLINGS: dict[str, tuple[Sampling, Sampling, Sampling]] = {
    "4:4:4": ((1, 1), (1, 1), (1, 1)),
    "4:2:0": ((2, 2), (1, 1), (1, 1)),
    "4:2:2": ((2, 1), (1, 1), (1, 1)),
    "4:4:0": ((1, 2), (1, 1), (1, 1)),
    "4:1:1": ((4, 1), (1, 1), (1, 1)),
    "4:1:0": ((4, 2), (1, 1), (1, 1)),
    "1x4": ((1, 4), (1, 1), (1, 1)),
    "3x1": ((3, 1), (1, 1), (1, 1)),
    "4:2:2 by 2x2 and 1x2": ((2, 2), (1, 2), (1, 2)),
    "Cb and Cr differ": ((2, 2), (2, 1), (1, 2)),
    "luma smaller": ((1, 1), (2, 2), (2, 2)),
    "luma smaller across": ((1, 1), (2, 1), (2, 1)),
}

SOI = b"\xff\xd8"
EOI = b"\xff\xd9"


class Part(NamedTuple):
    """A segment, and the entropy-coded bytes behind it if it begins a scan."""

    marker: int
    content: bytes
    scan: bytes = b""

    def to_bytes(self) -> bytes:
        length = struct.pack(">H", len(self.content) + 2)
        return bytes((0xFF, self.marker)) + length + self.content + self.scan


def parts(jpeg: bytes) -> list[Part]:
    """Return the segments between SOI and EOI."""
    found = []
    position = 2
    while jpeg[position + 1] != 0xD9:
        marker = jpeg[position + 1]
        length = int.from_bytes(jpeg[position + 2 : position + 4])
        start = position + 2 + length
        end = _end_of_scan(jpeg, start) if marker == 0xDA else start
        found.append(Part(marker, jpeg[position + 4 : start], jpeg[start:end]))
        position = end
    return found


def joined(segments: Sequence[Part]) -> bytes:
    return SOI + b"".join(part.to_bytes() for part in segments) + EOI


def sampled(image: Image.Image, samplings: Sequence[Sampling], *, quality: int = 95) -> bytes:
    """Return `image` (L, RGB or CMYK) as a sequential JPEG with one scan a component.

    The scan of one component holds the same bytes as a grey JPEG of that component's size."""
    bands = _components(image)
    most_across = max(across for across, _ in samplings)
    most_down = max(down for _, down in samplings)
    tables: list[Part] = []
    scans: list[Part] = []
    frame = struct.pack(">BHHB", 8, image.height, image.width, len(bands))
    for number, (band, (across, down)) in enumerate(zip(bands, samplings, strict=True), start=1):
        size = (
            ceil(image.width * Fraction(across, most_across)),
            ceil(image.height * Fraction(down, most_down)),
        )
        plane = band.resize(size, Image.Resampling.BOX) if size != band.size else band
        buffer = io.BytesIO()
        plane.save(buffer, "JPEG", quality=quality)
        coded = parts(buffer.getvalue())
        tables = [part for part in coded if part.marker in (0xDB, 0xC4)]
        frame += bytes((number, across << 4 | down, 0))
        scans.append(Part(0xDA, bytes((1, number, 0, 0, 63, 0)), coded[-1].scan))
    adobe = [Part(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, 0))] if len(bands) == 4 else []
    return joined([*adobe, *tables, Part(0xC0, frame), *scans])


def _components(image: Image.Image) -> tuple[Image.Image, ...]:
    """Adobe stores inks inverted."""
    if image.mode == "CMYK":
        return ImageChops.invert(image).split()
    return image.convert("YCbCr").split() if image.mode == "RGB" else (image,)


def _end_of_scan(jpeg: bytes, start: int) -> int:
    """Return the place of the next marker that is neither a stuffed byte nor a restart."""
    position = start
    while True:
        position = jpeg.index(b"\xff", position)
        if jpeg[position + 1] and not 0xD0 <= jpeg[position + 1] <= 0xD7:
            return position
        position += 2
