"""Operations that put something on, below or around an image."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from progimage.errors import ParameterError
from progimage.parameters.annotations import Color, ImageReference, Pixels
from progimage.parameters.ranges import Range

from .geometry import Compass
from .operation import Kind, Operation

Blend = Literal[
    "normal", "multiply", "screen", "overlay", "darken", "lighten", "color-dodge", "color-burn",
    "hard-light", "soft-light", "difference", "exclusion",
]  # fmt: skip
Offset = Annotated[int, Range(-16_383, 16_383, "px")]


@dataclass(frozen=True, kw_only=True)
class Composite(Operation):
    """Lay another image over this one: a logo, a watermark, a texture.

    The layer keeps its proportions. Where it would be larger than the image it shrinks to fit; what a turn or
    an offset moves out is cut off."""

    kind: ClassVar[Kind] = "mask"
    example: ClassVar[str] = "image=part:logo,gravity=southeast,x=10,y=10,opacity=80"
    image: Annotated[ImageReference, "The other image; of an animation its first frame."]
    gravity: Annotated[Compass, "Where it lies."] = "center"
    x: Annotated[Offset, "Inwards from that edge, from the middle to the right; with tile the gap."] = 0
    y: Annotated[Offset, "Inwards from that edge, from the middle downwards; with tile the gap."] = 0
    width: Annotated[Pixels | None, "The most px across; its own when nothing is given."] = None
    height: Annotated[Pixels | None, "The most px down; its own when nothing is given."] = None
    scale: Annotated[
        float | None, Range(0.001, 1), "The most across and down, as a share of the image below."
    ] = None
    opacity: Annotated[float, Range(0, 100, "%"), "0 cannot be seen, 100 is the layer as it is."] = 100.0
    rotation: Annotated[float, Range(-360, 360, "degrees"), "A turn of the layer, clockwise."] = 0.0
    tile: Annotated[bool, "Repeat it over the whole image."] = False
    blend: Annotated[Blend, "How its colours meet those below, as in CSS mix-blend-mode."] = "normal"

    def check(self) -> None:
        if self.scale is not None and (self.width or self.height):
            raise ParameterError(
                "Expected a scale or a size in px for composite but received both", pointer="/scale"
            )


@dataclass(frozen=True, kw_only=True)
class Border(Operation):
    """Put a frame of one colour around the image, which keeps its size within."""

    kind: ClassVar[Kind] = "mask"
    example: ClassVar[str] = "width=12,color=white"
    width: Annotated[int, Range(1, 2_000, "px"), "Width of each side."]
    color: Annotated[Color, "Colour of the frame."] = "#000000ff"


@dataclass(frozen=True, kw_only=True)
class Shadow(Operation):
    """Let the image cast a shadow of its own shape. The canvas grows by what the shadow needs."""

    kind: ClassVar[Kind] = "mask"
    example: ClassVar[str] = "x=6,y=8,sigma=6"
    x: Annotated[int, Range(-1_000, 1_000, "px"), "How far it falls to the right."] = 0
    y: Annotated[int, Range(-1_000, 1_000, "px"), "How far it falls downwards."] = 4
    sigma: Annotated[float, Range(0, 250, "px"), "Softness: sigma of a Gaussian."] = 4.0
    color: Annotated[Color, "Colour and strength."] = "#00000080"
