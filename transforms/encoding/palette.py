"""Few colours: images with a palette, exact where they have no more colours to begin with."""

from collections.abc import Sequence

from PIL import Image

from progimage.operations import Output

_OPAQUE_FROM = 128
"""Where a format knows only transparent and opaque."""
_FEW = 128
"""Up to so many colours k-means on a sample is worth 100 ms, 2 dB better than an octree; above, where colours
are mixed, hardly: then each frame of a GIF has an octree of its own."""
_SAMPLE_SIDE = 128


def to_palette(images: Sequence[Image.Image], output: Output, *, is_indexed: bool) -> list[Image.Image]:
    """Return the images in mode P with at most `output.colors`, one of them for what is transparent.

    `is_indexed` says that the format knows no translucent colour and a palette for each frame."""
    count = output.colors or 256
    dither = Image.Dither.FLOYDSTEINBERG if output.dither else Image.Dither.NONE
    if is_indexed and count > _FEW:
        return [_quantize(image, count, dither, is_binary=True) for image in images]
    width, height = images[0].size
    stack = _quantize(_stack(images), count, dither, is_binary=is_indexed)
    return [stack.crop((0, height * at, width, height * (at + 1))) for at in range(len(images))]


def _stack(images: Sequence[Image.Image]) -> Image.Image:
    if len(images) == 1:
        return images[0]
    width, height = images[0].size
    stack = Image.new(images[0].mode, (width, height * len(images)))
    for at, image in enumerate(images):
        stack.paste(image, (0, height * at))
    return stack


def _quantize(image: Image.Image, count: int, dither: Image.Dither, *, is_binary: bool) -> Image.Image:
    if image.mode != "RGBA":
        return _quantize_opaque(image.convert("RGB"), count, dither)
    alpha = image.getchannel("A")
    if not is_binary and any(alpha.histogram()[1:255]):
        cleared = Image.new("RGBA", image.size)
        cleared.paste(image, mask=alpha.point([0] + [255] * 255))
        return _bare(cleared.quantize(count, method=Image.Quantize.FASTOCTREE))
    shown = alpha.point([0] * _OPAQUE_FROM + [255] * (256 - _OPAQUE_FROM))
    hidden = shown.point(lambda value: 255 - value)
    result = _quantize_opaque(_without_hidden(image, shown, hidden), max(1, count - 1), dither)
    palette = result.getpalette() or []
    index = len(palette) // 3
    result.putpalette([*palette, 0, 0, 0])
    result.paste(index, mask=hidden)
    result.info["transparency"] = index
    return result


def _without_hidden(image: Image.Image, shown: Image.Image, hidden: Image.Image) -> Image.Image:
    """Put one of the colours that are seen in the place of those that are not: these are to cost nothing."""
    result = image.convert("RGB")
    _, top, _, _ = shown.getbbox() or (0, 0, 0, 0)
    left, _, _, _ = shown.crop((0, top, shown.width, top + 1)).getbbox() or (0, 0, 0, 0)
    result.paste(result.crop((left, top, left + 1, top + 1)).resize(result.size), mask=hidden)
    return result


def _quantize_opaque(image: Image.Image, count: int, dither: Image.Dither) -> Image.Image:
    if image.getcolors(count):
        return _bare(image.quantize(count, method=Image.Quantize.MEDIANCUT))
    if count > _FEW:
        palette = image.quantize(count, method=Image.Quantize.FASTOCTREE)
    else:
        side = min(_SAMPLE_SIDE, image.width), min(_SAMPLE_SIDE, image.height)
        sample = image.resize(side, Image.Resampling.NEAREST)
        palette = sample.quantize(count, method=Image.Quantize.MEDIANCUT, kmeans=1)
    return _bare(image.quantize(palette=palette, dither=dither))


def _bare(image: Image.Image) -> Image.Image:
    image.info = {}
    return image
