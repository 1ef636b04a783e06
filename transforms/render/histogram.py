"""Rendering of autocontrast and equalize, of progimage/operations/tone.py: they count pixels first."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

from PIL import Image

from progimage.operations import tone

from .dispatch import Load, render, settle
from .tables import Curves
from .tone import alike, line


@settle.register
def settle_counted(
    operation: tone.Autocontrast | tone.Equalize,
    image: Image.Image,
    load: Load | None = None,
) -> tone.Levels | Curves:
    """Decide by the numbers of visible pixels that have each luma."""
    visible = image.getchannel("A") if image.mode == "RGBA" else None
    histogram = image.convert("L").histogram(visible)
    totals = list(accumulate(histogram))
    if isinstance(operation, tone.Equalize):
        return equalize(totals)
    return stretch(totals, operation.cutoff)


@render.register
def render_counted(operation: tone.Autocontrast | tone.Equalize, image: Image.Image) -> Image.Image:
    return render(settle_counted(operation, image), image)


def stretch(totals: Sequence[int], cutoff: float) -> tone.Levels:
    """Return the levels between which all but `cutoff` percent of the pixels lie at each end.

    `totals` holds for each luma the number of pixels up to it."""
    clipped = int(totals[-1] * cutoff / 100)
    black = bisect_right(totals, clipped)
    white = bisect_left(totals, totals[-1] - clipped)
    if black >= white:
        return tone.Levels()
    return tone.Levels(black=black, white=white)


def equalize(totals: Sequence[int]) -> Curves:
    """Return the curve that makes the totals grow evenly."""
    least = next(filter(None, totals), 0)
    spread = totals[-1] - least
    if not spread:
        return alike(line(1))

    def share_below(value: float) -> float:
        level = round(255 * value)
        return (totals[level] - least) / spread

    return alike(share_below)
