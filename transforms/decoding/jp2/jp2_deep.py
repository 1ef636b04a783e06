"""JPEG 2000 of any depth from 1 to 16 bits, with channels of different depths, signs, sizes and orders.

If its library is missing, Pillow decodes channels of 8 bits that have a sample per px."""

from typing import Any

from PIL import Image, Jpeg2KImagePlugin

from progimage.errors import UnprocessableImage
from transforms.decoding.band_math import to_levels

from . import openjpeg
from .jp2_header import CMYK, DECODED_SPACES, SYCC, Jp2Header, read_jp2_header

_MAX_BITS = 16
_MAX_SAMPLES = 200_000_000
"""The library holds 4 bytes for each, and a child has 1.5 GB."""
_SPACES = {
    1: "YCbCr",
    3: "YCbCr",
    4: "YCbCr",
    9: "PhotoYCC",
    11: "CMY",
    13: "YCCK",
    14: "CIELab",
    19: "CIEJab",
    20: "e-sRGB",
    22: "YPbCr",
    23: "YPbCr",
    24: "e-sYCC",
}
"""ISO/IEC 15444-2, table M.25."""
_COLOR_MODES = {1: "L", 3: "RGB", 4: "CMYK"}


class Jp2Image(Jpeg2KImagePlugin.Jpeg2KImageFile):
    """A JPEG 2000 whose pixels are right at any depth.

    Opening it raises UnprocessableImage for a kind that cannot be decoded."""

    def _open(self) -> None:
        if self.fp is None:
            raise ValueError("Expected an open file")
        self.header = read_jp2_header(self.fp)
        _check_kind(self.header)
        self.fp.seek(0)
        if not openjpeg.is_available():
            super()._open()
            return
        self._size = (self.header.width, self.header.height)
        self._mode = _mode(self.header)
        self.tile = []
        # Pillow's class shadows Image.reduce by a number of halvings
        self.reduce = 0

    def load(self) -> Any:
        if self._im is None and self.fp is not None and openjpeg.is_available():
            _check_samples(self.header)
            self.fp.seek(0)
            if not openjpeg.has_all_tiles(self.fp.read(), self.header.stream_at):
                raise OSError("A tile is missing")
            channels = openjpeg.read_channels(self.fp)
            decoded = _assemble(channels, self.header, self.size)
            self.im = decoded.im
            self._mode = decoded.mode
            return Image.Image.load(self)
        return super().load()


def _check_kind(header: Jp2Header) -> None:
    """Raise UnprocessableImage for a kind that cannot be decoded rightly, with its name."""
    bits = max((component.bits for component in header.components), default=0)
    if bits > _MAX_BITS:
        raise UnprocessableImage(
            f"Expected a JPEG 2000 of at most {_MAX_BITS} bits per sample but received {bits}"
        )
    if header.color_space not in DECODED_SPACES:
        name = _SPACES.get(header.color_space or 0, f"the colour space of number {header.color_space}")
        raise UnprocessableImage(
            f"Expected a JPEG 2000 in grey, RGB, sYCC or CMYK but received one in {name}"
        )
    colors = header.color_count
    if colors not in _COLOR_MODES or (colors == 4 and header.color_space != CMYK):
        raise UnprocessableImage(
            f"Expected a JPEG 2000 of grey, three colours or CMYK, with or without alpha,"
            f" but received {header.channel_count} channels"
        )
    if not openjpeg.is_available() and not _is_plain(header):
        raise UnprocessableImage(
            "Expected a JPEG 2000 whose channels all have 8 bits and the image's size"
            " but received another kind"
        )


def _check_samples(header: Jp2Header) -> None:
    samples = header.width * header.height * max(len(header.components), header.channel_count)
    if samples > _MAX_SAMPLES:
        raise UnprocessableImage(
            f"Expected at most {_MAX_SAMPLES:,} samples of a JPEG 2000 but received {samples:,}"
        )


def _is_plain(header: Jp2Header) -> bool:
    """Whether Pillow decodes it rightly."""
    has_plain_components = all(component.is_plain for component in header.components)
    has_plain_palette = all(bits == 8 for bits in header.palette_bits)
    return has_plain_components and has_plain_palette and not header.has_definitions


def _mode(header: Jp2Header) -> str:
    mode = _COLOR_MODES[header.color_count]
    return {"L": "LA", "RGB": "RGBA"}.get(mode, mode) if header.has_alpha else mode


def _assemble(
    channels: list[openjpeg.Channel],
    header: Jp2Header,
    size: tuple[int, int],
) -> Image.Image:
    """Return the channels as one image in L, LA, RGB, RGBA or CMYK."""
    color_count = header.color_count
    if len(channels) < header.channel_count:
        raise OSError("The codestream and the boxes name different channels")
    colors = [channel for channel in channels if channel.alpha not in (1, 2)]
    opacities = [channel for channel in channels if channel.alpha in (1, 2)] or channels[color_count:]
    bands = [_band(channel, size) for channel in colors[:color_count]]
    image = Image.merge(_COLOR_MODES[color_count], bands) if len(bands) > 1 else bands[0]
    if _is_sycc(channels, header):
        image = Image.merge("YCbCr", bands).convert("RGB")
    if not header.has_alpha:
        return image
    alpha = _band(opacities[0], size)
    if header.opacity_type == 2:
        return _unmultiplied(image, alpha)
    image.putalpha(alpha)
    return image


def _is_sycc(channels: list[openjpeg.Channel], header: Jp2Header) -> bool:
    """Whether three colours are lightness and colour differences. Without a box, smaller second and third
    channels say so."""
    if header.color_count != 3:
        return False
    is_subsampled = channels[0].grid == (1, 1) and channels[1].grid != (1, 1)
    return header.color_space == SYCC or (header.color_space is None and is_subsampled)


def _band(channel: openjpeg.Channel, size: tuple[int, int]) -> Image.Image:
    """Return a channel's samples in 8 bits at the image's size."""
    levels = to_levels(_shifted(channel), channel.bits)
    return levels if levels.size == size and channel.grid == (1, 1) else _enlarged(levels, channel, size)


def _shifted(channel: openjpeg.Channel) -> Image.Image:
    """Return the samples from 0 on."""
    if not channel.is_signed:
        return channel.samples
    lowest = 2 ** (channel.bits - 1)
    return channel.samples.point(lambda value: value + lowest)


def _enlarged(levels: Image.Image, channel: openjpeg.Channel, size: tuple[int, int]) -> Image.Image:
    """Repeat each sample over its part of the grid, which counts from the reference grid's origin."""
    across, down = channel.grid
    left, top = channel.offset
    whole = levels.resize((levels.width * across, levels.height * down), Image.Resampling.NEAREST)
    return whole.transform(
        size,
        Image.Transform.AFFINE,
        (1, 0, -left, 0, 1, -top),
        Image.Resampling.NEAREST,
    )


def _unmultiplied(image: Image.Image, alpha: Image.Image) -> Image.Image:
    multiplied = image.convert("RGB")
    bands = [*multiplied.split(), alpha]
    return Image.merge("RGBa", bands).convert("RGBA")
