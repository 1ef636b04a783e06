"""The two forms of a change of tone: a table for each channel, or a matrix over all three.

Each is one pass, and so are neighbours that can be joined. The functions behind tables are composed and
matrices are multiplied; nothing is rounded between them. Values outside 0..1 are clipped after each
operation, joined or not, so a transform means the same however its steps are joined."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from PIL import Image

from .dispatch import render

Curve = Callable[[float], float]
Row = tuple[float, ...]
Rows = tuple[Row, ...]

_IDENTITY = bytes(range(256))
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Curves:
    """A function of 0..1 for red, green and blue each.

    It takes the value of that channel, or the pixel's luma (BT.601, in
    the 8 bits that JPEG and Pillow give it)."""

    channels: tuple[Curve, ...]
    of_luma: bool = False

    @cached_property
    def tables(self) -> tuple[bytes, ...]:
        return tuple(sample(curve) for curve in self.channels)

    @property
    def is_grey(self) -> bool:
        return self.of_luma and len(set(self.tables)) == 1

    def then(self, following: "Curves") -> "Curves | None":
        """Return both as one; None if the second needs a luma that the first makes from three channels."""
        if following.of_luma and not self.is_grey:
            return None
        pairs = zip(self.channels, following.channels, strict=True)
        channels = tuple(compose(first, second) for first, second in pairs)
        return Curves(channels, of_luma=self.of_luma)


@dataclass(frozen=True)
class Matrix:
    """For red, green and blue of the result, the shares of the pixel's red, green and blue."""

    rows: Rows

    @property
    def is_closed(self) -> bool:
        """Whether no colour leaves 0..1, so that there is nothing to clip."""
        lowest = min(min(row) for row in self.rows)
        highest = max(sum(row) for row in self.rows)
        return lowest > -_ROUNDING and highest < 1 + _ROUNDING

    def then(self, following: "Matrix") -> "Matrix | None":
        """Return the product; None if the first clips, because a product cannot."""
        if not self.is_closed:
            return None
        columns = tuple(zip(*self.rows, strict=True))
        rows = [tuple(_dot(row, column) for column in columns) for row in following.rows]
        return Matrix(tuple(rows))


@render.register
def apply_curves(step: Curves, image: Image.Image) -> Image.Image:
    if not step.of_luma:
        tables = b"".join(step.tables)
        if image.mode == "RGBA":
            tables += _IDENTITY
        return image.point(tables)
    luma = image.convert("L")
    toned = {_IDENTITY: luma}
    for table in step.tables:
        if table not in toned:
            toned[table] = luma.point(table)
    bands = [toned[table] for table in step.tables]
    if image.mode == "RGBA":
        return Image.merge("RGBA", (*bands, image.getchannel("A")))
    return bands[0] if step.is_grey else Image.merge("RGB", bands)


@render.register
def apply_matrix(step: Matrix, image: Image.Image) -> Image.Image:
    # Pillow multiplies images of three bands only
    opaque = image if image.mode == "RGB" else image.convert("RGB")
    coefficients: list[float] = []
    for row in step.rows:
        coefficients += (*row, 0.0)
    result = opaque.convert("RGB", tuple(coefficients))
    if image.mode == "RGBA":
        result.putalpha(image.getchannel("A"))
    return result


def sample(curve: Curve) -> bytes:
    """Return the table of a curve: 256 levels, halves rounded up as Pillow does after a matrix."""
    values = [clip(curve(level / 255)) for level in range(256)]
    return bytes(int(255 * value + 0.5) for value in values)


def compose(first: Curve, second: Curve) -> Curve:
    return lambda value: second(clip(first(value)))


def clip(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _dot(row: Row, column: Row) -> float:
    pairs = zip(row, column, strict=True)
    return sum(share * weight for share, weight in pairs)
