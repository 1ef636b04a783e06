"""What Pillow's save() is told, format by format: quality, and how much time goes into fewer bytes.

The ceilings are what an encoder does, of a photograph with much noise, in some 6 s on one core of a small
virtual machine: the deadline is 10 s."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image

from progimage.operations import Output

SaveOptions = dict[str, Any]

_TIFF_PREDICTOR, _HORIZONTAL = 317, 2
"""TIFF 6.0, section 14: differences of neighbours pack better."""


@dataclass(frozen=True)
class Ladder:
    """Levels, more of which take more time: (most pixels, level) from few pixels to many.

    `usual` are taken where nobody asks for an effort, `most` are what an effort may reach."""

    usual: tuple[tuple[float, int], ...]
    most: tuple[tuple[float, int], ...]

    def level(self, wanted: int | None, pixels: int, attempts: int) -> int:
        usual = _first(self.usual, pixels) if wanted is None else wanted
        return min(usual, _first(self.most, pixels * attempts))


_REST = float("inf")
_PNG = Ladder(
    usual=((2e6, 6), (12e6, 4), (_REST, 1)),
    most=((2.5e6, 9), (8e6, 6), (20e6, 4), (_REST, 1)),
)
_WEBP = Ladder(
    usual=((1e6, 4), (12e6, 1), (_REST, 0)),
    most=((4e6, 6), (12e6, 4), (30e6, 1), (_REST, 0)),
)
_WEBP_LOSSLESS = Ladder(usual=((1e6, 2), (_REST, 0)), most=((3e6, 6), (12e6, 4), (_REST, 0)))
_AVIF = Ladder(
    usual=((1e6, 2), (_REST, 1)),
    most=((150e3, 8), (400e3, 6), (3e6, 4), (5e6, 3), (10e6, 2), (_REST, 1)),
)
"""In steps below its fastest speed, 10."""

_SAMPLED_PIXELS = 32_768
_STRIPS = 8
"""Of a PNG, to choose zlib's strategy by. 1600 x 1200 px of photographs in ms and KB: level 1 220, 2,900,
level 6 910, 2,640; runs 212, 2,640. A diagram: level 6 86, 195; runs 44, 202. A text: 30, 134; 26, 297."""


def as_nothing(_: Output, __: Sequence[Image.Image], ___: int, ____: int) -> SaveOptions:
    return {}


def as_jpeg(output: Output, images: Sequence[Image.Image], _: int, __: int) -> SaveOptions:
    # optimized tables save 1-2 % of the bytes for twice the time; progressive ones cannot do without
    optimize = output.progressive or images[0].width * images[0].height <= 1_000_000
    options = {"quality": output.quality, "progressive": output.progressive, "optimize": optimize}
    return options if images[0].mode == "L" else options | {"subsampling": output.subsampling}


def as_png(output: Output, images: Sequence[Image.Image], pixels: int, attempts: int) -> SaveOptions:
    level = {"compress_level": _PNG.level(output.effort, pixels, attempts)}
    if images[0].mode == "P":
        return level
    sample = _sample(images[0])
    allowance = 1.15 if output.effort is None else 1.0
    strategies = (zlib.Z_RLE, zlib.Z_DEFAULT_STRATEGY)
    by_runs, by_all = (_png_bytes(sample, compress_type=kind, **level) for kind in strategies)
    return level | {"compress_type": strategies[by_runs > allowance * by_all]}


def as_webp(output: Output, _: Sequence[Image.Image], pixels: int, attempts: int) -> SaveOptions:
    wanted = None if output.effort is None else (output.effort - 1) * 2 // 3
    if output.lossless:
        method = _WEBP_LOSSLESS.level(wanted, pixels, attempts)
        return {"lossless": True, "exact": True, "quality": 25, "method": method}
    return {"quality": output.quality, "method": _WEBP.level(wanted, pixels, attempts)}


def as_avif(output: Output, _: Sequence[Image.Image], pixels: int, attempts: int) -> SaveOptions:
    wanted = None if output.effort is None else output.effort - 1
    return {
        "quality": output.quality,
        "speed": 10 - _AVIF.level(wanted, pixels, attempts),
        "subsampling": output.subsampling,
        # with more threads the bytes would differ from machine to machine
        "max_threads": 1,
    }


def as_tiff(_: Output, __: Sequence[Image.Image], ___: int, ____: int) -> SaveOptions:
    return {"compression": "tiff_lzw", "tiffinfo": {_TIFF_PREDICTOR: _HORIZONTAL}}


def as_ico(_: Output, images: Sequence[Image.Image], __: int, ___: int) -> SaveOptions:
    # otherwise Pillow adds smaller copies and leaves out the image itself
    return {"sizes": [images[0].size]}


def as_jp2(output: Output, _: Sequence[Image.Image], __: int, ___: int) -> SaveOptions:
    if output.quality is None:
        return {"irreversible": False, "mct": 1}
    # the decibels that JPEG has at the same quality, over four photographs
    psnr_db = 28 + 0.15 * output.quality
    return {"irreversible": True, "mct": 1, "quality_mode": "dB", "quality_layers": [psnr_db]}


def _first(steps: tuple[tuple[float, int], ...], pixels: int) -> int:
    return next(level for most, level in steps if pixels <= most)


def _sample(image: Image.Image) -> Image.Image:
    """Return rows from all over the image: graphics pack otherwise than photographs, and pages hold both."""
    if image.width * image.height <= _SAMPLED_PIXELS:
        return image
    rows = max(1, _SAMPLED_PIXELS // image.width // _STRIPS)
    sample = Image.new(image.mode, (image.width, rows * _STRIPS))
    for strip in range(_STRIPS):
        top = (image.height - rows) * strip // (_STRIPS - 1)
        sample.paste(image.crop((0, top, image.width, top + rows)), (0, rows * strip))
    return sample


def _png_bytes(image: Image.Image, **options: int) -> int:
    buffer = BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.tell()
