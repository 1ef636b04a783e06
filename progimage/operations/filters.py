"""Operations whose result for a pixel depends on its neighbours or on its position."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from progimage.errors import ParameterError
from progimage.parameters.annotations import Color
from progimage.parameters.ranges import Items, Range

from .operation import Kind, Operation

Share = Annotated[float, Range(0, 100, "%")]


@dataclass(frozen=True, kw_only=True)
class Blur(Operation):
    """Blur with a Gaussian. The image is mirrored beyond its edges."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "sigma=5"
    sigma: Annotated[
        float,
        Range(0.3, 100, "px"),
        "Standard deviation; about half the visible radius.",
    ]


@dataclass(frozen=True, kw_only=True)
class Sharpen(Operation):
    """Sharpen with an unsharp mask: add the difference between the image and its blur."""

    kind: ClassVar[Kind] = "filter"
    sigma: Annotated[
        float,
        Range(0.3, 100, "px"),
        "Sigma of the blur: the size of the details that are sharpened.",
    ] = 1.0
    amount: Annotated[float, Range(0, 500, "%"), "How much of the difference is added."] = 100.0
    threshold: Annotated[
        int,
        Range(0, 255, "levels"),
        "Smaller differences are not sharpened. They are often noise.",
    ] = 0


@dataclass(frozen=True, kw_only=True)
class Median(Operation):
    """Replace each channel by the median of a square. This removes specks and keeps edges."""

    kind: ClassVar[Kind] = "filter"
    size: Annotated[int, Range(3, 5, "px"), "Side of the square: 3 or 5."] = 3

    def check(self) -> None:
        if self.size % 2 == 0:
            raise ParameterError(
                f"Expected 3 or 5 px for median.size but received {self.size}",
                pointer="/size",
            )


@dataclass(frozen=True, kw_only=True)
class Edge(Operation):
    """Show edges in grey on black: the magnitude of the Sobel gradient of the lightness.

    A step from black to white is white."""

    kind: ClassVar[Kind] = "filter"


@dataclass(frozen=True, kw_only=True)
class Emboss(Operation):
    """Show the lightness as a grey relief that is lit from one side."""

    kind: ClassVar[Kind] = "filter"
    angle: Annotated[
        float,
        Range(-360, 360, "degrees"),
        "Direction of the light, clockwise; 0 is the top.",
    ] = 315.0
    depth: Annotated[float, Range(0.1, 10, "times"), "Height of the relief."] = 1.0


@dataclass(frozen=True, kw_only=True)
class Convolve(Operation):
    """Replace each pixel by a weighted sum of its neighbourhood. Alpha stays as it is.

    The weights lie on the image as they are written, row by row, without a rotation by 180 degrees."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "kernel=0;-1;0;-1;5;-1;0;-1;0"
    kernel: Annotated[
        tuple[float, ...],
        Items(9, 25),
        Range(-1_000, 1_000),
        "The weights: 9 (3 x 3) or 25 (5 x 5).",
    ]
    scale: Annotated[
        float | None,
        Range(-25_000, 25_000),
        "The divisor of the sum. If none is given: the sum of the weights, or 1 if that is 0.",
    ] = None
    offset: Annotated[
        float,
        Range(-255, 255, "levels"),
        "Added after the division.",
    ] = 0.0

    def check(self) -> None:
        if len(self.kernel) not in (9, 25):
            raise ParameterError(
                f"Expected 9 or 25 numbers for convolve.kernel but received {len(self.kernel)}",
                pointer="/kernel",
            )
        if self.scale == 0:
            raise ParameterError(
                "Expected a number other than 0 for convolve.scale but received 0",
                pointer="/scale",
            )


@dataclass(frozen=True, kw_only=True)
class Pixelate(Operation):
    """Replace the image by squares of its mean colours. At an edge the mean is of the part inside."""

    kind: ClassVar[Kind] = "filter"
    size: Annotated[int, Range(2, 512, "px"), "Side of the squares."] = 10


@dataclass(frozen=True, kw_only=True)
class Noise(Operation):
    """Add Gaussian noise. If the seed and the size are the same, the noise is the same."""

    kind: ClassVar[Kind] = "filter"
    amount: Annotated[Share, "Standard deviation, as a share of the range from black to white."] = 5.0
    seed: Annotated[int, Range(0, 65_535), "Each seed gives a different noise."] = 0
    monochrome: Annotated[bool, "Use the same noise for red, green and blue."] = False


@dataclass(frozen=True, kw_only=True)
class Vignette(Operation):
    """Lay a colour over the image. It grows stronger towards the corners."""

    kind: ClassVar[Kind] = "filter"
    amount: Annotated[Share, "Strength in the corners."] = 50.0
    radius: Annotated[
        Share,
        "Distance from the middle at which the colour begins: a share of the distance to the corners.",
    ] = 40.0
    feather: Annotated[
        Share,
        "Distance over which the colour grows to its full strength: a share of the same distance.",
    ] = 60.0
    color: Annotated[Color, "The colour."] = "#000000ff"
