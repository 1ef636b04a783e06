"""Draws the sample image that the project ships, images/sample.jpg: `python -m images.sample`.

Hills before an evening sky, made of sums of sines: nobody's photograph, and the same bytes every time."""

import math
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

SAMPLE = Path(__file__).with_name("sample.jpg")
_SIZE = (2400, 1600)
_SKY = ((28, 44, 92), (226, 122, 92), (252, 208, 140))
_HILLS = (((118, 84, 116), 0.62, 70), ((74, 62, 98), 0.72, 90), ((34, 38, 66), 0.84, 110))


def draw() -> Image.Image:
    image = _sky()
    _sun(image)
    for number, (color, level, swing) in enumerate(_HILLS):
        _hill(image, color, level=level, swing=swing, phase=1.7 * number)
    return image


def _sky() -> Image.Image:
    column = Image.new("RGB", (1, len(_SKY)))
    column.putdata(_SKY)
    return column.resize(_SIZE, Image.Resampling.BICUBIC)


def _sun(image: Image.Image) -> None:
    width, height = _SIZE
    mask = Image.new("L", _SIZE)
    center, radius = (0.68 * width, 0.55 * height), 0.09 * height
    ImageDraw.Draw(mask).circle(center, radius, fill=255)
    glow = mask.reduce(8).filter(ImageFilter.GaussianBlur(12)).resize(_SIZE, Image.Resampling.BICUBIC)
    image.paste((255, 196, 120), mask=glow)
    image.paste((255, 240, 206), mask=mask.filter(ImageFilter.GaussianBlur(2)))


def _hill(
    image: Image.Image, color: tuple[int, int, int], *, level: float, swing: float, phase: float
) -> None:
    width, height = _SIZE
    ridge = [
        (x, level * height + swing * math.sin(x / 310 + phase) + swing / 3 * math.sin(x / 97 + 2.3 * phase))
        for x in range(0, width + 8, 8)
    ]
    ImageDraw.Draw(image).polygon([*ridge, (width, height), (0, height)], fill=color)


if __name__ == "__main__":
    draw().save(SAMPLE, quality=88, optimize=True)
    sys.stdout.write(f"Wrote {SAMPLE}, {SAMPLE.stat().st_size} bytes.\n")
