"""Each job as libvips's documentation has it: a function of source, target and watermark."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyvips

pyvips.cache_set_max(0)  # what is measured is the work, not its memory of the round before


def _opened(source: Path) -> Any:
    return pyvips.Image.new_from_file(str(source), access="sequential")


def _narrowed(source: Path, width: int) -> Any:
    return pyvips.Image.thumbnail(str(source), width, height=100_000)


def _mask(source: Path, target: Path, _: Path) -> None:
    image = _opened(source)
    radius = min(image.width, image.height) / 2
    svg = (
        f'<svg width="{image.width}" height="{image.height}">'
        f'<circle cx="{image.width / 2}" cy="{image.height / 2}" r="{radius}" fill="white"/></svg>'
    )
    alpha = pyvips.Image.svgload_buffer(svg.encode())[3]
    image.bandjoin(alpha).write_to_file(str(target))


def _trim(source: Path, target: Path, _: Path) -> None:
    image = pyvips.Image.new_from_file(str(source))
    left, top, width, height = image.find_trim(threshold=10)
    image.crop(left, top, width, height).thumbnail_image(800, height=100_000).write_to_file(str(target), Q=80)


def _crop(source: Path, target: Path, _: Path) -> None:
    image = _opened(source).crop(500, 500, 3000, 2000).thumbnail_image(800, height=100_000)
    image.sharpen(sigma=1).write_to_file(str(target), Q=80)


def _tone(source: Path, target: Path, _: Path) -> None:
    image = _narrowed(source, 1200).linear(1.2, -12)
    luma, more = (0.2126, 0.7152, 0.0722), 1.3
    rows = [
        [(1 - more) * weight + more * (row == column) for column, weight in enumerate(luma)]
        for row in range(3)
    ]
    image.recomb(rows).cast("uchar").write_to_file(str(target), Q=80)


def _watermark(source: Path, target: Path, watermark: Path) -> None:
    image, mark = _narrowed(source, 1200), pyvips.Image.new_from_file(str(watermark))
    joined = image.composite2(mark, "over", x=image.width - mark.width, y=image.height - mark.height)
    joined.flatten().write_to_file(str(target), Q=80)


RECIPES: dict[str, Callable[[Path, Path, Path], None]] = {
    "thumbnail": lambda source, target, _: pyvips.Image.thumbnail(
        str(source), 300, height=300, crop="centre"
    ).write_to_file(str(target), Q=80),
    "compress": lambda source, target, _: _opened(source).write_to_file(str(target), Q=70),
    "rotate": lambda source, target, _: (
        pyvips.Image.new_from_file(str(source)).rot90().write_to_file(str(target), Q=80)
    ),
    "grayscale": lambda source, target, _: (
        _opened(source).colourspace("b-w").write_to_file(str(target), Q=80)
    ),
    "blur": lambda source, target, _: _opened(source).gaussblur(5).write_to_file(str(target), Q=80),
    "mask": _mask,
    "webp": lambda source, target, _: _opened(source).write_to_file(str(target), Q=80),
    "avif": lambda source, target, _: _narrowed(source, 1200).write_to_file(str(target), Q=60, effort=0),
    "resize webp": lambda source, target, _: _narrowed(source, 1600).write_to_file(str(target), Q=79),
    "crop": _crop,
    "tone": _tone,
    "watermark": _watermark,
    "tilt": lambda source, target, _: (
        _narrowed(source, 1200).rotate(12, background=[255, 255, 255]).write_to_file(str(target), Q=80)
    ),
    "trim": _trim,
}
