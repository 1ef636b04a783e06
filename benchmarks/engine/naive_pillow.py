"""Each job as it is written first, with Pillow alone: a function of source, target and watermark."""

from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter


def _opened(source: Path) -> Image.Image:
    image = Image.open(source)
    image.load()
    return image


def _thumbnail(source: Path, target: Path, _: Path) -> None:
    image = _opened(source).convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.crop((left, top, left + side, top + side)).resize((300, 300), Image.Resampling.LANCZOS)
    image.save(target, quality=80)


def _narrowed(source: Path, width: int) -> Image.Image:
    image = _opened(source).convert("RGB")
    return image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)


def _mask(source: Path, target: Path, _: Path) -> None:
    image = _opened(source).convert("RGBA")
    mask = Image.new("L", (image.width * 4, image.height * 4))
    side, center = min(mask.size), (mask.width // 2, mask.height // 2)
    ImageDraw.Draw(mask).ellipse(
        (center[0] - side // 2, center[1] - side // 2, center[0] + side // 2, center[1] + side // 2), fill=255
    )
    image.putalpha(mask.resize(image.size, Image.Resampling.LANCZOS))
    image.save(target)


def _crop(source: Path, target: Path, _: Path) -> None:
    image = _opened(source).crop((500, 500, 3500, 2500)).resize((800, 533), Image.Resampling.LANCZOS)
    image.filter(ImageFilter.UnsharpMask(1, 100, 0)).save(target, quality=80)


def _tone(source: Path, target: Path, _: Path) -> None:
    image = _narrowed(source, 1200)
    for enhance, factor in (
        (ImageEnhance.Brightness, 1.1),
        (ImageEnhance.Contrast, 1.2),
        (ImageEnhance.Color, 1.3),
    ):
        image = enhance(image).enhance(factor)
    image.save(target, quality=80)


def _watermark(source: Path, target: Path, watermark: Path) -> None:
    image, mark = _narrowed(source, 1200), _opened(watermark)
    image.paste(mark, (image.width - mark.width, image.height - mark.height), mark)
    image.save(target, quality=80)


def _tilt(source: Path, target: Path, _: Path) -> None:
    image = _narrowed(source, 1200).rotate(-12, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
    image.save(target, quality=80)


def _trim(source: Path, target: Path, _: Path) -> None:
    image = _opened(source)
    difference = ImageChops.difference(image, Image.new("RGB", image.size, image.getpixel((0, 0))))
    box = difference.convert("L").point(lambda value: 255 * (value > 10)).getbbox()
    image = image.crop(box)
    image.resize((800, round(image.height * 800 / image.width)), Image.Resampling.LANCZOS).save(
        target, quality=80
    )


def _blur(source: Path, target: Path, _: Path) -> None:
    _opened(source).filter(ImageFilter.GaussianBlur(5)).save(target, quality=80)


RECIPES: dict[str, Callable[[Path, Path, Path], None]] = {
    "thumbnail": _thumbnail,
    "compress": lambda source, target, _: _opened(source).save(target, quality=70),
    "rotate": lambda source, target, _: _opened(source).rotate(-90, expand=True).save(target, quality=80),
    "grayscale": lambda source, target, _: _opened(source).convert("L").save(target, quality=80),
    "blur": _blur,
    "mask": _mask,
    "webp": lambda source, target, _: _opened(source).save(target, quality=80),
    "avif": lambda source, target, _: _narrowed(source, 1200).save(target, quality=60),
    "resize webp": lambda source, target, _: _narrowed(source, 1600).save(target, quality=79),
    "crop": _crop,
    "tone": _tone,
    "watermark": _watermark,
    "tilt": _tilt,
    "trim": _trim,
}
