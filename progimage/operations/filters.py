"""Operations that give a pixel something of its neighbours, or of its place."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from progimage.errors import ParameterError
from progimage.parameters.annotations import Color
from progimage.parameters.ranges import Items, Range

from .operation import Kind, Operation

Share = Annotated[float, Range(0, 100, "%")]


@dataclass(frozen=True, kw_only=True)
class Blur(Operation):
    """Blur by a Gaussian. Beyond its edges the image is taken to be mirrored."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "sigma=5"
    sigma: Annotated[float, Range(0.3, 100, "px"), "Standard deviation; about half the radius that is seen."]


@dataclass(frozen=True, kw_only=True)
class Sharpen(Operation):
    """Sharpen by an unsharp mask: what a blur takes away is added."""

    kind: ClassVar[Kind] = "filter"
    sigma: Annotated[float, Range(0.3, 100, "px"), "Size of the details that gain: sigma of the blur."] = 1.0
    amount: Annotated[float, Range(0, 500, "%"), "How much is added."] = 100.0
    threshold: Annotated[
        int, Range(0, 255, "levels"), "A channel that differs less from its blur stays, as noise does."
    ] = 0


@dataclass(frozen=True, kw_only=True)
class Median(Operation):
    """Replace each channel by the median of a square, which removes specks and keeps edges."""

    kind: ClassVar[Kind] = "filter"
    size: Annotated[int, Range(3, 5, "px"), "Side of the square: 3 or 5."] = 3

    def check(self) -> None:
        if self.size % 2 == 0:
            raise ParameterError(
                f"Expected 3 or 5 px for median.size but received {self.size}", pointer="/size"
            )


@dataclass(frozen=True, kw_only=True)
class Edge(Operation):
    """Show how steep the lightness is: the magnitude of its Sobel gradient, in grey on black.

    A step from black to white is white."""

    kind: ClassVar[Kind] = "filter"


@dataclass(frozen=True, kw_only=True)
class Emboss(Operation):
    """Show the lightness as a relief in grey that is lit from one side."""

    kind: ClassVar[Kind] = "filter"
    angle: Annotated[float, Range(-360, 360, "degrees"), "Whence light comes: 0 the top, clockwise."] = 315.0
    depth: Annotated[float, Range(0.1, 10, "times"), "Height of the relief."] = 1.0


@dataclass(frozen=True, kw_only=True)
class Convolve(Operation):
    """Replace each pixel by a weighted sum of its neighbourhood; alpha stays.

    The weights lie on the image as they are written, row by row (no turn by 180 degrees)."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "kernel=0;-1;0;-1;5;-1;0;-1;0"
    kernel: Annotated[
        tuple[float, ...], Items(9, 25), Range(-1_000, 1_000), "The weights: 9 (3 x 3) or 25 (5 x 5)."
    ]
    scale: Annotated[
        float | None,
        Range(-25_000, 25_000),
        "What the sum is divided by; when not given the sum of the weights, or 1 where that is 0.",
    ] = None
    offset: Annotated[float, Range(-255, 255, "levels"), "What is added at last."] = 0.0

    def check(self) -> None:
        if len(self.kernel) not in (9, 25):
            raise ParameterError(
                f"Expected 9 or 25 numbers for convolve.kernel but received {len(self.kernel)}",
                pointer="/kernel",
            )
        if self.scale == 0:
            raise ParameterError(
                "Expected a number other than 0 for convolve.scale but received 0", pointer="/scale"
            )


@dataclass(frozen=True, kw_only=True)
class Pixelate(Operation):
    """Replace the image by squares of its mean colours. Those cut by an edge are means of what is there."""

    kind: ClassVar[Kind] = "filter"
    size: Annotated[int, Range(2, 512, "px"), "Side of the squares."] = 10


@dataclass(frozen=True, kw_only=True)
class Noise(Operation):
    """Add Gaussian noise, the same wherever and whenever the seed and the size are the same."""

    kind: ClassVar[Kind] = "filter"
    amount: Annotated[Share, "Standard deviation: a share of the way from black to white."] = 5.0
    seed: Annotated[int, Range(0, 65_535), "Another seed is another noise."] = 0
    monochrome: Annotated[bool, "Whether the noise is grey: alike in red, green and blue."] = False


@dataclass(frozen=True, kw_only=True)
class Vignette(Operation):
    """Lay a colour over the image that grows stronger towards the corners."""

    kind: ClassVar[Kind] = "filter"
    amount: Annotated[Share, "Strength in the corners."] = 50.0
    radius: Annotated[Share, "Where it begins: a share of the way from the middle to the corners."] = 40.0
    feather: Annotated[Share, "The share of that way on which it grows to its full strength."] = 60.0
    color: Annotated[Color, "The colour."] = "#000000ff"
