"""Draw images/sample.jpg, the sample image that the project ships: `python -m images.sample`.

The image shows hills before an evening sky, made of sums of sines. It is nobody's photograph, and each run
draws the same bytes."""

import math
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

SAMPLE = Path(__file__).with_name("sample.jpg")

Rgb = tuple[int, int, int]

_SIZE = (2400, 1600)
_SKY: tuple[Rgb, ...] = (
    (28, 44, 92),
    (226, 122, 92),
    (252, 208, 140),
)
_GLOW: Rgb = (255, 196, 120)
_DISC: Rgb = (255, 240, 206)
_HILLS: tuple[tuple[Rgb, float, float], ...] = (
    ((118, 84, 116), 0.62, 70),
    ((74, 62, 98), 0.72, 90),
    ((34, 38, 66), 0.84, 110),
)
"""Color, level as a share of the height from the top, height of the waves in px."""


def draw() -> Image.Image:
    image = _draw_sky()
    _draw_sun(image)
    for number, (color, level, swing_px) in enumerate(_HILLS):
        _draw_hill(image, color, level=level, swing_px=swing_px, phase=1.7 * number)
    return image


def _draw_sky() -> Image.Image:
    column = Image.new("RGB", (1, len(_SKY)))
    column.putdata(_SKY)
    return column.resize(_SIZE, Image.Resampling.BICUBIC)


def _draw_sun(image: Image.Image) -> None:
    width, height = _SIZE
    center = (0.68 * width, 0.55 * height)
    radius_px = 0.09 * height
    mask = Image.new("L", _SIZE)
    ImageDraw.Draw(mask).circle(center, radius_px, fill=255)
    small_glow = mask.reduce(8).filter(ImageFilter.GaussianBlur(12))
    glow = small_glow.resize(_SIZE, Image.Resampling.BICUBIC)
    disc = mask.filter(ImageFilter.GaussianBlur(2))
    image.paste(_GLOW, mask=glow)
    image.paste(_DISC, mask=disc)


def _draw_hill(image: Image.Image, color: Rgb, *, level: float, swing_px: float, phase: float) -> None:
    width, height = _SIZE
    ridge: list[tuple[float, float]] = []
    for x in range(0, width + 8, 8):
        wave = swing_px * math.sin(x / 310 + phase)
        ripple = swing_px / 3 * math.sin(x / 97 + 2.3 * phase)
        ridge.append((x, level * height + wave + ripple))
    outline = [*ridge, (width, height), (0, height)]
    ImageDraw.Draw(image).polygon(outline, fill=color)


if __name__ == "__main__":
    draw().save(SAMPLE, quality=88, optimize=True)
    sys.stdout.write(f"Wrote {SAMPLE}, {SAMPLE.stat().st_size} bytes.\n")
