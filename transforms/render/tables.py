"""The two forms of a change of tone: a table for each channel, or a matrix over all three.

Each is one pass, and so are neighbours that can be joined: the functions behind tables are composed, matrices
are multiplied, and nothing is rounded between them. What leaves 0..1 is clipped after each operation, joined
or not: a transform means the same whatever is joined."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from operator import mul

from PIL import Image

from .dispatch import render

Curve = Callable[[float], float]
Rows = tuple[tuple[float, ...], ...]

_SAME = bytes(range(256))


@dataclass(frozen=True)
class Curves:
    """A function of 0..1 for red, green and blue each: of that channel, or of the pixel's luma (BT.601, in
    the 8 bits that JPEG and Pillow give it)."""

    channels: tuple[Curve, ...]
    of_luma: bool = False

    @cached_property
    def tables(self) -> tuple[bytes, ...]:
        return tuple(map(sample, self.channels))

    @property
    def is_grey(self) -> bool:
        return self.of_luma and len(set(self.tables)) == 1

    def then(self, following: "Curves") -> "Curves | None":
        """Return both as one; None where the second needs a luma that the first makes from three channels."""
        if following.of_luma and not self.is_grey:
            return None
        channels = map(compose, self.channels, following.channels)
        return Curves(tuple(channels), of_luma=self.of_luma)


@dataclass(frozen=True)
class Matrix:
    """For red, green and blue each, the shares of the pixel's red, green and blue that it becomes."""

    rows: Rows

    @property
    def is_closed(self) -> bool:
        """Whether no colour leaves 0..1, so that there is nothing to clip."""
        return all(min(row) > -1e-9 and sum(row) < 1 + 1e-9 for row in self.rows)

    def then(self, following: "Matrix") -> "Matrix | None":
        """Return the product; None where the first clips, which a product cannot."""
        if not self.is_closed:
            return None
        columns = tuple(zip(*self.rows, strict=True))
        return Matrix(
            tuple(tuple(sum(map(mul, row, column)) for column in columns) for row in following.rows)
        )


@render.register
def apply_curves(step: Curves, image: Image.Image) -> Image.Image:
    if not step.of_luma:
        kept = _SAME if image.mode == "RGBA" else b""
        return image.point(b"".join((*step.tables, kept)))
    luma = image.convert("L")
    toned = {table: luma if table == _SAME else luma.point(table) for table in step.tables}
    bands = [toned[table] for table in step.tables]
    if image.mode == "RGBA":
        return Image.merge("RGBA", (*bands, image.getchannel("A")))
    return bands[0] if step.is_grey else Image.merge("RGB", bands)


@render.register
def apply_matrix(step: Matrix, image: Image.Image) -> Image.Image:
    opaque = image if image.mode == "RGB" else image.convert("RGB")  # Pillow multiplies three bands alone
    result = opaque.convert("RGB", tuple(share for row in step.rows for share in (*row, 0.0)))
    if image.mode == "RGBA":
        result.putalpha(image.getchannel("A"))
    return result


def sample(curve: Curve) -> bytes:
    """Return what a curve makes of the 256 levels, halves rounded up as Pillow does after a matrix."""
    return bytes(int(255 * clip(curve(level / 255)) + 0.5) for level in range(256))


def compose(first: Curve, second: Curve) -> Curve:
    return lambda value: second(clip(first(value)))


def clip(value: float) -> float:
    return min(max(value, 0.0), 1.0)
