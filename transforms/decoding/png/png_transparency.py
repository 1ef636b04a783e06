"""The one transparent colour of a PNG without an alpha channel, at the PNG's own depth.

Pillow compares grey of 2 and 4 bits after it has been scaled to 8, and colours of 16 bits after they have
been cut to 8. Source: PNG, third edition, section 11.3.1.1."""

from typing import Any

from PIL import Image, ImageChops, PngImagePlugin

_PACKED_GREY = {"L;2": 3, "L;4": 15, "L": 255}
"""The largest sample, by Pillow's raw mode."""
_DEEP_COLORS = "RGB;16B"
_LOW_BYTES = "RGB;16L"
_TRANSPARENCY = "transparency"


class PngImage(PngImagePlugin.PngImageFile):
    """A PNG whose transparent colour is exactly the one that it names."""

    def _open(self) -> None:
        super()._open()
        largest = _PACKED_GREY.get(self._raw_mode)
        value = self.info.get(_TRANSPARENCY)
        if largest and self.mode == "L" and isinstance(value, int):
            # the bits above the depth mean nothing
            self.info[_TRANSPARENCY] = (value & largest) * (255 // largest)

    def load(self) -> Any:
        color = self.info.get(_TRANSPARENCY)
        if self._raw_mode != _DEEP_COLORS or not isinstance(color, tuple) or self.is_animated:
            return super().load()
        low_bytes = self._decode_low_bytes()
        super().load()
        alpha = ImageChops.invert(_where_equal(Image.merge("RGB", self.split()), low_bytes, color))
        del self.info[_TRANSPARENCY]
        self.im = Image.merge("RGBA", (*self.split(), alpha)).im
        self._mode = "RGBA"
        return super().load()

    @property
    def _raw_mode(self) -> str:
        args = self.tile[0].args if self.tile else ""
        return args if isinstance(args, str) else ""

    def _decode_low_bytes(self) -> Image.Image:
        """Decode the file once more, for the lower halves of its samples."""
        if self.fp is None:
            raise ValueError("Expected an open file")
        position = self.fp.tell()
        self.fp.seek(0)
        image = PngImagePlugin.PngImageFile(self.fp)
        image.tile = [image.tile[0]._replace(args=_LOW_BYTES)]
        low_bytes = Image.merge("RGB", image.split())
        self.fp.seek(position)
        return low_bytes


def _where_equal(high_bytes: Image.Image, low_bytes: Image.Image, color: tuple[int, ...]) -> Image.Image:
    """Return 255 at each px whose samples are the color's, else 0."""
    equal = Image.new("L", high_bytes.size, 255)
    for high, low, sample in zip(high_bytes.split(), low_bytes.split(), color, strict=True):
        for band, byte in ((high, sample >> 8 & 255), (low, sample & 255)):
            equal = ImageChops.darker(equal, band.point([255 * (level == byte) for level in range(256)]))
    return equal
