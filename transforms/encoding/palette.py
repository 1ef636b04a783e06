"""Images with a palette of few colours. They are exact if the image has no more colours to begin with."""

from collections.abc import Sequence

from PIL import Image, ImageChops

from progimage.operations import Output

_OPAQUE_FROM = 128
"""The least alpha that counts as opaque in a format that knows only transparent and opaque."""
_IS_OPAQUE = [255 if alpha >= _OPAQUE_FROM else 0 for alpha in range(256)]
_IS_VISIBLE = [255 if alpha > 0 else 0 for alpha in range(256)]
_FEW = 128
"""Up to so many colours, k-means on a sample is 2 dB better than an octree and takes 100 ms. With more
colours it is hardly better if colours are dithered; then each frame of a GIF has an octree of its own."""
_SAMPLE_SIDE = 128
_ORIGIN = (0, 0, 0, 0)


def to_palette(
    images: Sequence[Image.Image],
    output: Output,
    *,
    is_indexed: bool,
) -> list[Image.Image]:
    """Return the images in mode P with at most `output.colors`, one of which may be transparent.

    `is_indexed` says that the format has a palette for each frame and no translucent colours."""
    count = output.colors or 256
    dither = Image.Dither.FLOYDSTEINBERG if output.dither else Image.Dither.NONE
    if is_indexed and count > _FEW:
        return [_quantize(image, count, dither, is_binary=True) for image in images]
    width, height = images[0].size
    stack = _quantize(_stack(images), count, dither, is_binary=is_indexed)
    tops = [height * index for index in range(len(images))]
    boxes = [(0, top, width, top + height) for top in tops]
    return [stack.crop(box) for box in boxes]


def _stack(images: Sequence[Image.Image]) -> Image.Image:
    if len(images) == 1:
        return images[0]
    width, height = images[0].size
    stack_size = (width, height * len(images))
    stack = Image.new(images[0].mode, stack_size)
    for index, image in enumerate(images):
        stack.paste(image, (0, height * index))
    return stack


def _quantize(
    image: Image.Image,
    count: int,
    dither: Image.Dither,
    *,
    is_binary: bool,
) -> Image.Image:
    if image.mode != "RGBA":
        return _quantize_opaque(image.convert("RGB"), count, dither)
    alpha = image.getchannel("A")
    if not is_binary and any(alpha.histogram()[1:255]):
        return _quantize_translucent(image, alpha, count)
    opaque = alpha.point(_IS_OPAQUE)
    transparent = ImageChops.invert(opaque)
    colors = _without_hidden_colors(image, opaque, transparent)
    result = _quantize_opaque(colors, max(1, count - 1), dither)
    palette = result.getpalette() or []
    transparent_index = len(palette) // 3
    result.putpalette([*palette, 0, 0, 0])
    result.paste(transparent_index, mask=transparent)
    result.info["transparency"] = transparent_index
    return result


def _quantize_translucent(
    image: Image.Image,
    alpha: Image.Image,
    count: int,
) -> Image.Image:
    visible = alpha.point(_IS_VISIBLE)
    cleared = Image.new("RGBA", image.size)
    cleared.paste(image, mask=visible)
    return _without_info(cleared.quantize(count, method=Image.Quantize.FASTOCTREE))


def _without_hidden_colors(
    image: Image.Image,
    opaque: Image.Image,
    transparent: Image.Image,
) -> Image.Image:
    """Replace the colours of transparent pixels by one that is visible,
    so that they take no place in the palette."""
    result = image.convert("RGB")
    _, top, _, _ = opaque.getbbox() or _ORIGIN
    first_row = opaque.crop((0, top, opaque.width, top + 1))
    left, _, _, _ = first_row.getbbox() or _ORIGIN
    visible_pixel = result.crop((left, top, left + 1, top + 1))
    result.paste(visible_pixel.resize(result.size), mask=transparent)
    return result


def _quantize_opaque(
    image: Image.Image,
    count: int,
    dither: Image.Dither,
) -> Image.Image:
    if image.getcolors(count):
        return _without_info(image.quantize(count, method=Image.Quantize.MEDIANCUT))
    if count > _FEW:
        palette = image.quantize(count, method=Image.Quantize.FASTOCTREE)
    else:
        width = min(_SAMPLE_SIDE, image.width)
        height = min(_SAMPLE_SIDE, image.height)
        sample = image.resize((width, height), Image.Resampling.NEAREST)
        palette = sample.quantize(count, method=Image.Quantize.MEDIANCUT, kmeans=1)
    return _without_info(image.quantize(palette=palette, dither=dither))


def _without_info(image: Image.Image) -> Image.Image:
    image.info = {}
    return image
