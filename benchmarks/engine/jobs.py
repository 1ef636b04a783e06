"""The jobs of the engine's benchmark: what each engine is asked for, and on which source."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tests.support import images as made

WATERMARK = "sha256:" + "0" * 64
"""The reference by which the project's engine is given the other image."""


@dataclass(frozen=True)
class Job:
    """`name` is the table's, `recipe` that of the engines; `transform` is the project's text form."""

    name: str
    recipe: str
    source: str
    format: str
    transform: str = ""
    output: str = ""


_THUMBNAIL = "thumbnail:width=300,height=300,gravity=center"

JOBS = (
    Job("12 MP JPEG to 300x300", "thumbnail", "12mp.jpg", "jpeg", _THUMBNAIL),
    Job("24 MP JPEG to 300x300", "thumbnail", "24mp.jpg", "jpeg", _THUMBNAIL),
    Job("2 MP JPEG to 300x300", "thumbnail", "2mp.jpg", "jpeg", _THUMBNAIL),
    Job("12 MP progressive JPEG to 300x300", "thumbnail", "12mp-progressive.jpg", "jpeg", _THUMBNAIL),
    Job("12 MP WebP to 300x300", "thumbnail", "12mp.webp", "jpeg", _THUMBNAIL),
    Job("12 MP JPEG to JPEG q70", "compress", "12mp.jpg", "jpeg", output="quality=70"),
    Job("12 MP rotate 90", "rotate", "12mp.jpg", "jpeg", "rotate:angle=90"),
    Job("12 MP grayscale", "grayscale", "12mp.jpg", "jpeg", "grayscale"),
    Job("12 MP blur sigma 5", "blur", "12mp.jpg", "jpeg", "blur:sigma=5"),
    Job("PNG 1600x1200, circular mask", "mask", "1600x1200.png", "png", "mask:shape=circle"),
    Job("2 MP JPEG to WebP q80", "webp", "2mp.jpg", "webp", output="quality=80"),
    Job("12 MP JPEG to AVIF 1200 px", "avif", "12mp.jpg", "avif", "resize:width=1200"),
    Job("12 MP JPEG to WebP 1600 px", "resize webp", "12mp.jpg", "webp", "resize:width=1600"),
    Job(
        "12 MP crop, 800 px, sharpen", "crop", "12mp.jpg", "jpeg",
        "crop:left=500,top=500,width=3000,height=2000/resize:width=800/sharpen:sigma=1",
    ),
    Job(
        "12 MP 1200 px, brightness, contrast, saturation", "tone", "12mp.jpg", "jpeg",
        "resize:width=1200/brightness:amount=10/contrast:amount=20/saturation:amount=30",
    ),
    Job(
        "12 MP 1200 px, watermark", "watermark", "12mp.jpg", "jpeg",
        f"resize:width=1200/composite:image={WATERMARK.replace(':', '%3A')},gravity=southeast",
    ),
    Job(
        "12 MP 1200 px, rotate 12", "tilt", "12mp.jpg", "jpeg",
        "resize:width=1200/rotate:angle=12,background=white",
    ),
    Job("12 MP trim, 800 px", "trim", "12mp-border.jpg", "jpeg", "trim:threshold=10/resize:width=800"),
)  # fmt: skip


def make_sources(folder: Path) -> None:
    """Write every source: noise with the spectrum of photographs and a few edges, the same in each run."""
    for name, size in (("24mp", (6000, 4000)), ("12mp", (4000, 3000)), ("2mp", (1632, 1224))):
        _save(_scene(*size), folder / f"{name}.jpg", quality=88)
    twelve = _scene(4000, 3000)
    _save(twelve, folder / "12mp-progressive.jpg", quality=88, progressive=True)
    _save(twelve, folder / "12mp.webp", quality=80)
    _save(_scene(1600, 1200), folder / "1600x1200.png")
    bordered = Image.new("RGB", (4000, 3000), "white")
    bordered.paste(_scene(3000, 2200), (500, 400))
    _save(bordered, folder / "12mp-border.jpg", quality=88)
    mark = Image.new("RGBA", (240, 80))
    ImageDraw.Draw(mark).rounded_rectangle((4, 4, 235, 75), 20, fill="#ff880090", outline="white", width=3)
    _save(mark, folder / "watermark.png")


def _scene(width: int, height: int) -> Image.Image:
    """A quarter of the detail of noise at full size, as a lens leaves it, and edges of known shapes."""
    image = made.photograph(width // 2, height // 2).resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    random = np.random.default_rng(2)
    for _ in range(40):
        x, y = int(random.integers(width)), int(random.integers(height))
        radius = int(random.integers(width // 60, width // 12))
        color = tuple(int(channel) for channel in random.integers(0, 255, 3))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)
    return image


def _save(image: Image.Image, path: Path, **options: object) -> None:
    image.save(path, **options)
