"""True colour reduced to few colours, if the difference cannot be seen.

The source had few colours, and resampling made thousands of them along its edges."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import TypeVar

from PIL import Image

_TOLERANCE = 8
"""Levels between a pixel and the colour that replaces it, in each channel."""
_MAX_MEAN = 1.0
"""Levels, over all pixels and channels."""
_MARGIN = 0.9
_MAX_PIXELS = 4_000_000
_MAX_COLORS = 65_536
_PIXELS_PER_COLOR = 3
"""Before the reduction there may be so many colours, and one for so many pixels. Photographs have more. With
40,000 colours the search takes 0.5 s."""
_MAX_REPLACEMENTS = 4_096
_MAX_TRIALS = 3
_LEAST_TOLERANCE = 3
"""Less would save little: the image is no diagram, but a photograph."""
_PALETTE_COLORS = 256
_FOUR_BITS = 16

Color = tuple[int, ...]
V = TypeVar("V")


def with_few_colors(image: Image.Image, *, is_exact: bool) -> Image.Image | None:
    """Return an image in L, RGB or RGBA with fewer colours: as a palette if 256 are enough, else in its mode.

    Return None if it has too many, or if some would be too far from those that replace them.
    With `is_exact` no pixel may change."""
    if image.width * image.height > _MAX_PIXELS:
        return None
    if image.mode == "L":
        return _with_few_levels(image, is_exact)
    return _with_replacements(image, is_exact) if image.mode in ("RGB", "RGBA") else None


def _with_replacements(image: Image.Image, is_exact: bool) -> Image.Image | None:
    pixels = image.width * image.height
    most = _PALETTE_COLORS if is_exact else min(_MAX_COLORS, pixels // _PIXELS_PER_COLOR)
    counts = image.getcolors(max(_PALETTE_COLORS, most))
    if counts is None:
        return None
    counts.sort(reverse=True)
    histogram: dict[Color, int] = {color: count for count, color in counts}  # type: ignore[misc]
    if len(histogram) <= _PALETTE_COLORS:
        return _replaced(image, {color: color for color in histogram})
    if is_exact:
        return None
    replacements = _find_replacements(histogram, pixels)
    return _replaced(image, replacements) if replacements else None


def _with_few_levels(image: Image.Image, is_exact: bool) -> Image.Image | None:
    """Return grey of fewer levels: as a palette, which takes four bits or fewer, if 16 are enough."""
    counts = sorted(((count, level) for level, count in enumerate(image.histogram()) if count), reverse=True)
    histogram: dict[Color, int] = {(level,): count for count, level in counts}
    replacements: Mapping[Color, Color] | None = {level: level for level in histogram}
    if len(counts) > _FOUR_BITS:
        replacements = None if is_exact else _find_replacements(histogram, image.width * image.height)
    if replacements is None:
        return None
    levels = sorted({level for (level,) in replacements.values()})
    is_palette = len(levels) <= _FOUR_BITS
    table = bytearray(256)
    for (level,), (replacement,) in replacements.items():
        table[level] = levels.index(replacement) if is_palette else replacement
    if not is_palette:
        return image.point(list(table))
    result = Image.frombytes("P", image.size, image.tobytes().translate(bytes(table)))
    result.putpalette(bytes(level for level in levels for _ in range(3)))
    return result


def _find_replacements(histogram: Mapping[Color, int], pixels: int) -> Mapping[Color, Color] | None:
    """Return the replacement of each colour; None if there is none.

    `histogram` has the most frequent colours first. If the mean is too high, a smaller tolerance lowers it in
    proportion."""
    tolerance = _TOLERANCE
    for _ in range(_MAX_TRIALS):
        if tolerance < _LEAST_TOLERANCE:
            return None
        replacements = _replacements(histogram, tolerance)
        if replacements is None:
            return None
        mean = _mean_difference(histogram, replacements, pixels)
        if mean < _MAX_MEAN:
            return replacements
        tolerance = int(tolerance * _MARGIN * _MAX_MEAN / mean)
    return None


def _mean_difference(
    histogram: Mapping[Color, int],
    replacements: Mapping[Color, Color],
    pixels: int,
) -> float:
    total = 0
    channels = 0
    for color, replacement in replacements.items():
        differences = [abs(a - b) for a, b in zip(color, replacement, strict=True)]
        total += histogram[color] * sum(differences)
        channels = len(color)
    return total / (pixels * channels)


def _replacements(histogram: Mapping[Color, int], tolerance: int) -> Mapping[Color, Color] | None:
    """Return the replacement of each colour: the most frequent of those within the tolerance that stay.

    Return None if too many stay."""
    side = tolerance + 1
    cells: dict[Color, list[Color]] = {}
    for color in histogram:
        cells.setdefault(tuple(level // side for level in color), []).append(color)
    replacements: dict[Color, Color] = {}
    staying = 0
    for color in histogram:
        if color in replacements:
            continue
        staying += 1
        if staying > _MAX_REPLACEMENTS:
            return None
        for cell in _cells_around(color, tolerance):
            far = []
            for member in cells.get(cell, ()):
                if all(-tolerance <= a - b <= tolerance for a, b in zip(color, member, strict=True)):
                    replacements[member] = color
                else:
                    far.append(member)
            cells[cell] = far
    return replacements


def _cells_around(color: Color, tolerance: int) -> Iterable[Color]:
    side = tolerance + 1
    ranges = []
    for level in color:
        lowest = max(0, level - tolerance) // side
        highest = min(255, level + tolerance) // side
        ranges.append(range(lowest, highest + 1))
    return product(*ranges)


def _replaced(image: Image.Image, replacements: Mapping[Color, Color]) -> Image.Image:
    """Return the image in other colours: as a palette, or in its own mode if they are too many."""
    colors = sorted(set(replacements.values()), key=_by_alpha)
    if len(colors) > _PALETTE_COLORS:
        colors_by_word = {_word(color): bytes(replacement) for color, replacement in replacements.items()}
        return Image.frombytes(image.mode, image.size, b"".join(_look_up(image, colors_by_word)))
    indices = {_word(color): index for index, color in enumerate(colors)}
    content = _indexed_exactly(image, indices) if len(colors) == len(replacements) else None
    if content is None:
        indices_by_word = {_word(color): indices[_word(other)] for color, other in replacements.items()}
        content = bytes(_look_up(image, indices_by_word))
    result = Image.frombytes("P", image.size, content)
    result.putpalette(bytes(level for color in colors for level in color[:3]))
    if image.mode == "RGBA":
        result.info["transparency"] = _alphas(colors)
    return result


def _look_up(image: Image.Image, values: Mapping[int, V]) -> Iterable[V]:
    words = memoryview(image.convert("RGBA").tobytes()).cast("I")
    return map(values.__getitem__, words)


def _indexed_exactly(image: Image.Image, indices: Mapping[int, int]) -> bytes | None:
    """Return the index of each px, for an image that has these colours alone; None if an octree joins some.

    It takes a third of the time of a loop over the px."""
    source = image.convert("RGBA")
    octree = source.quantize(_PALETTE_COLORS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    if octree.convert("RGBA").tobytes() != source.tobytes():
        return None
    words = memoryview(bytes(octree.getpalette("RGBA") or ())).cast("I")
    table = bytes(indices.get(word, 0) for word in words).ljust(_PALETTE_COLORS, b"\0")
    return octree.tobytes().translate(table)


def _by_alpha(color: Color) -> Color:
    """Return a key that puts translucent colours first. A PNG need not name the alpha of the others."""
    return (*color[3:], *color)


def _alphas(colors: Sequence[Color]) -> bytes:
    return bytes(color[3] for color in colors).rstrip(b"\xff")


def _word(color: Color) -> int:
    """Return a colour as RGBA holds it, as one number."""
    content = bytes(color).ljust(4, b"\xff")
    return memoryview(content).cast("I")[0]
