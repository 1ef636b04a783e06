"""Operations that add something over, below or around an image."""

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
Distance = Annotated[int, Range(-1_000, 1_000, "px")]


@dataclass(frozen=True, kw_only=True)
class Composite(Operation):
    """Lay another image over this one: a logo, a watermark, a texture.

    The layer keeps its proportions. If it is larger than the image, it shrinks to fit. Parts that a rotation
    or an offset moves outside are cut off."""

    kind: ClassVar[Kind] = "mask"
    example: ClassVar[str] = "image=part:logo,gravity=southeast,x=10,y=10,opacity=80"
    image: Annotated[
        ImageReference,
        "The other image, as the layer. Of an animation the first frame is used.",
    ]
    gravity: Annotated[Compass, "The position of the layer."] = "center"
    x: Annotated[
        Offset,
        "Distance from the edge that gravity names, or from the middle to the right. With tile: the gap.",
    ] = 0
    y: Annotated[
        Offset,
        "Distance from the edge that gravity names, or from the middle downwards. With tile: the gap.",
    ] = 0
    width: Annotated[
        Pixels | None,
        "The largest width of the layer; its own width if none is given.",
    ] = None
    height: Annotated[
        Pixels | None,
        "The largest height of the layer; its own height if none is given.",
    ] = None
    scale: Annotated[
        float | None,
        Range(0.001, 1),
        "The largest width and height of the layer, as a share of the image's.",
    ] = None
    opacity: Annotated[
        float,
        Range(0, 100, "%"),
        "0 is invisible, 100 leaves the layer as it is.",
    ] = 100.0
    rotation: Annotated[
        float,
        Range(-360, 360, "degrees"),
        "Rotation of the layer, clockwise.",
    ] = 0.0
    tile: Annotated[bool, "Repeat the layer over the whole image."] = False
    blend: Annotated[
        Blend,
        "How the layer's colours mix with those below, as in CSS mix-blend-mode.",
    ] = "normal"

    def check(self) -> None:
        if self.scale is not None and (self.width or self.height):
            raise ParameterError(
                "Expected a scale or a size in px for composite but received both",
                pointer="/scale",
            )


@dataclass(frozen=True, kw_only=True)
class Border(Operation):
    """Put a frame of one colour around the image. The image inside keeps its size."""

    kind: ClassVar[Kind] = "mask"
    example: ClassVar[str] = "width=12,color=white"
    width: Annotated[int, Range(1, 2_000, "px"), "Width of each side."]
    color: Annotated[Color, "Colour of the frame."] = "#000000ff"


@dataclass(frozen=True, kw_only=True)
class Shadow(Operation):
    """Let the image cast a shadow of its own shape. The canvas grows until it holds the shadow."""

    kind: ClassVar[Kind] = "mask"
    example: ClassVar[str] = "x=6,y=8,sigma=6"
    x: Annotated[Distance, "Offset of the shadow to the right."] = 0
    y: Annotated[Distance, "Offset of the shadow downwards."] = 4
    sigma: Annotated[
        float,
        Range(0, 250, "px"),
        "Softness: sigma of a Gaussian.",
    ] = 4.0
    color: Annotated[Color, "Colour of the shadow; its alpha is the strength."] = "#00000080"
