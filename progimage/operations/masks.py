"""Operations that hide parts of an image."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from progimage.errors import ParameterError
from progimage.parameters.annotations import Color, ImageReference
from progimage.parameters.ranges import Items, Range

from .operation import Kind, Operation


@dataclass(frozen=True, kw_only=True)
class Mask(Operation):
    """Show the image through a shape, or through another image that is stretched over it.

    Hidden parts become transparent, and their colours are removed. Existing alpha stays."""

    kind: ClassVar[Kind] = "mask"
    hides_content: ClassVar[bool] = True
    example: ClassVar[str] = "shape=rectangle,radius=20"
    shape: Annotated[
        Literal["circle", "ellipse", "rectangle", "polygon"] | None,
        "circle is the largest one in the middle; ellipse and rectangle fill the whole image.",
    ] = None
    image: Annotated[ImageReference | None, "The other image, instead of a shape."] = None
    radius: Annotated[
        tuple[float, ...] | None,
        Items(1, 4),
        Range(0, 16_383, "px"),
        "Radius of a rectangle's corners, clockwise from top left; 1 to 4 values as in CSS border-radius.",
    ] = None
    points: Annotated[
        tuple[float, ...] | None,
        Items(6, 200, 2),
        Range(0, 1),
        "Corners of a polygon: x;y;x;y as shares of width and height. If it overlaps itself, the overlap is "
        "a hole.",
    ] = None
    channel: Annotated[
        Literal["luminance", "alpha"],
        "The channel of the other image that decides: its bright parts show, or its opaque parts.",
    ] = "luminance"
    invert: Annotated[bool, "Swap the hidden and the visible parts."] = False
    feather: Annotated[
        float,
        Range(0, 250, "px"),
        "Softness of the edges: sigma of a Gaussian.",
    ] = 0.0
    trim: Annotated[bool, "Cut the result to the box around the visible part."] = False

    def check(self) -> None:
        if (self.shape is None) == (self.image is None):
            received = "both" if self.shape else "neither"
            raise ParameterError(
                f"Expected a shape or an image for mask but received {received}",
                pointer="/shape",
            )
        has_points = self.points is not None
        is_polygon = self.shape == "polygon"
        if has_points != is_polygon:
            raise ParameterError("Expected points for a polygon, and for nothing else", pointer="/points")
        if self.radius is not None and self.shape != "rectangle":
            raise ParameterError("Expected a radius for a rectangle, and for nothing else", pointer="/radius")


@dataclass(frozen=True, kw_only=True)
class Colorkey(Operation):
    """Make one colour transparent, for example a green screen behind a subject.

    The distance of a pixel from the colour is the difference of the channel that differs most."""

    kind: ClassVar[Kind] = "mask"
    hides_content: ClassVar[bool] = True
    example: ClassVar[str] = "color=white,tolerance=10,feather=5"
    color: Annotated[Color, "The colour to make transparent. Its alpha is ignored."]
    tolerance: Annotated[
        float,
        Range(0, 100, "%"),
        "Up to this distance a pixel becomes fully transparent.",
    ] = 10.0
    feather: Annotated[
        float,
        Range(0, 100, "%"),
        "Over this further distance a pixel becomes opaque gradually.",
    ] = 0.0
    invert: Annotated[bool, "Keep the colour, and make everything else transparent."] = False


@dataclass(frozen=True, kw_only=True)
class Redact(Operation):
    """Make parts unreadable, such as faces, names and number plates.

    fill leaves nothing of a part. Use it for text. pixelate and blur leave at most 6 x 6 coarse colours of
    each part. A viewer with a guess can still compare it with them. Camera data may hold a preview. Therefore
    the result never contains it."""

    kind: ClassVar[Kind] = "mask"
    hides_content: ClassVar[bool] = True
    example: ClassVar[str] = "regions=0.2;0.3;0.4;0.3,unit=ratio"
    regions: Annotated[
        tuple[float, ...],
        Items(4, 400, 4),
        Range(-16_383, 16_383),
        "left;top;width;height of each part, rounded outwards to whole px.",
    ]
    unit: Annotated[Literal["px", "ratio"], "Unit of the regions: px, or shares of the image."] = "px"
    mode: Annotated[Literal["fill", "pixelate", "blur"], "The replacement of a part."] = "fill"
    color: Annotated[Color, "The colour of fill; a transparent colour makes a hole."] = "#000000ff"
    size: Annotated[
        int,
        Range(8, 1_024, "px"),
        "Side of the squares that become one colour; at least a 6th of a part's longer side.",
    ] = 16

    def check(self) -> None:
        if self.unit == "px" and max(self.regions) <= 1:
            raise ParameterError(
                "Expected px for redact.regions but received shares: add unit=ratio",
                pointer="/unit",
            )
        for index, value in enumerate(self.regions):
            is_length = index % 4 > 1
            if is_length and value <= 0:
                raise ParameterError(
                    f"Expected a width and a height above 0 for redact.regions but received {value:g}",
                    pointer=f"/regions/{index}",
                )
            if self.unit == "ratio" and abs(value) > 1:
                raise ParameterError(
                    f"Expected shares from -1 to 1 for redact.regions but received {value:g}",
                    pointer=f"/regions/{index}",
                )
