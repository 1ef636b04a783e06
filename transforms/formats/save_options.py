"""Options of Pillow's save() for each format: quality, and the time that goes into fewer bytes.

The ceilings were measured on a photograph with much noise: an encoder takes some 6 s for it on one core of a
small virtual machine. The deadline is 10 s."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from progimage.operations import Output

from .jp2_quality import LOSSLESS_JP2, jp2_options
from .png_packing import choose_packing
from .trial import SaveOptions, bytes_of

_TIFF_PREDICTOR = 317
_HORIZONTAL = 2
"""TIFF 6.0, section 14: differences of neighbours pack better."""


@dataclass(frozen=True)
class EncodeTask:
    """The facts that options depend on.

    `pixels` counts all frames, and `attempts` says how often all of them are encoded."""

    output: Output
    images: Sequence[Image.Image]
    pixels: int
    attempts: int


@dataclass(frozen=True)
class Ladder:
    """Levels of an encoder, as pairs of (most pixels, level) from few pixels to many.

    A higher level takes longer.

    `usual` holds the levels if the client names no effort, `highest` those that an effort may reach."""

    usual: tuple[tuple[float, int], ...]
    highest: tuple[tuple[float, int], ...]

    def level(self, requested_level: int | None, task: EncodeTask) -> int:
        level = requested_level
        if level is None:
            level = _level_for(self.usual, task.pixels)
        highest = _level_for(self.highest, task.pixels * task.attempts)
        return min(level, highest)


_MORE = float("inf")
_PNG = Ladder(
    usual=((2e6, 6), (12e6, 4), (_MORE, 1)),
    highest=((2.5e6, 9), (8e6, 6), (20e6, 4), (_MORE, 1)),
)
_WEBP = Ladder(
    usual=((1e6, 4), (12e6, 1), (_MORE, 0)),
    highest=((4e6, 6), (12e6, 4), (30e6, 1), (_MORE, 0)),
)
_WEBP_LOSSLESS = Ladder(
    usual=((1e6, 2), (_MORE, 0)),
    highest=((3e6, 6), (12e6, 4), (_MORE, 0)),
)
_AVIF = Ladder(
    usual=((1e6, 2), (_MORE, 1)),
    highest=(
        (150e3, 8),
        (400e3, 6),
        (3e6, 4),
        (5e6, 3),
        (10e6, 2),
        (_MORE, 1),
    ),
)
"""Steps below AVIF's fastest speed, which is 10."""
_AVIF_FASTEST = 10

_QUICK_EFFORT = 3
"""The highest effort with which a PNG may take more bytes for less time."""
ROW_FILTER = "row_filter"
"""The option of a PNG that is not Pillow's: the filter of all rows if this project writes the file."""


def as_nothing(task: EncodeTask) -> SaveOptions:
    return {}


def as_jpeg(task: EncodeTask) -> SaveOptions:
    output = task.output
    image = task.images[0]
    # optimized tables save 1-2 % of the bytes and take twice the time; a progressive JPEG needs them
    optimize = output.progressive or image.width * image.height <= 1_000_000
    options: SaveOptions = {
        "quality": output.quality,
        "progressive": output.progressive,
        "optimize": optimize,
    }
    if image.mode != "L":
        options["subsampling"] = output.subsampling
    return options


def as_png(task: EncodeTask) -> SaveOptions:
    level = png_level(task)
    options: SaveOptions = {"compress_level": level}
    image = task.images[0]
    if image.mode == "P":
        return options
    output = task.output
    packing = choose_packing(
        image,
        level,
        is_smallest=output.max_bytes is not None or (output.effort or 0) > _QUICK_EFFORT,
        is_still=len(task.images) == 1,
    )
    options["compress_type"] = packing.strategy
    if packing.row_filter is not None:
        options[ROW_FILTER] = packing.row_filter
    return options


def png_level(task: EncodeTask) -> int:
    return _PNG.level(task.output.effort, task)


def as_webp(task: EncodeTask) -> SaveOptions:
    output = task.output
    method = None if output.effort is None else (output.effort - 1) * 2 // 3
    if not output.lossless:
        return {
            "quality": output.quality,
            "method": _WEBP.level(method, task),
        }
    return {
        "lossless": True,
        "exact": True,
        "quality": 25,
        "method": _WEBP_LOSSLESS.level(method, task),
    }


def as_avif(task: EncodeTask) -> SaveOptions:
    output = task.output
    steps = None if output.effort is None else output.effort - 1
    return {
        "quality": output.quality,
        "speed": _AVIF_FASTEST - _AVIF.level(steps, task),
        "subsampling": output.subsampling,
        # with more threads the bytes would differ from machine to machine
        "max_threads": 1,
    }


def as_tiff(task: EncodeTask) -> SaveOptions:
    image = task.images[0]
    if image.mode == "1":
        # a fax code packs lines and text, and LZW dots
        fax_bytes = bytes_of(image, "TIFF", {"compression": "group4"})
        lzw_bytes = bytes_of(image, "TIFF", {"compression": "tiff_lzw"})
        return {"compression": "group4" if fax_bytes <= lzw_bytes else "tiff_lzw"}
    options: SaveOptions = {"compression": "tiff_lzw"}
    if image.mode != "P":
        options["tiffinfo"] = {_TIFF_PREDICTOR: _HORIZONTAL}
    return options


def as_ico(task: EncodeTask) -> SaveOptions:
    # without sizes Pillow adds smaller copies and leaves out the image itself
    return {"sizes": [task.images[0].size]}


def as_jp2(task: EncodeTask) -> SaveOptions:
    quality = task.output.quality
    if quality is None:
        return LOSSLESS_JP2
    # the decibels that JPEG has at the same quality, over four photographs
    psnr_db = 28 + 0.15 * quality
    return jp2_options(task.images[0], psnr_db)


def _level_for(steps: tuple[tuple[float, int], ...], pixels: int) -> int:
    return next(level for max_pixels, level in steps if pixels <= max_pixels)
