"""Operations that change where pixels stand and how many there are."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from progimage.errors import ParameterError
from progimage.parameters.annotations import AspectRatio, Color, Focal, Pixels, Short
from progimage.parameters.ranges import Range

from .operation import Kind, Operation

Fit = Literal["inside", "outside", "cover", "contain", "fill"]
Compass = Literal[
    "center", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"
]
Gravity = Literal[Compass, "smart"]
Dpr = Annotated[float, Range(0.1, 8, "times"), "Device pixel ratio, by which the box is multiplied."]
Border = Annotated[int, Range(0, 16_383, "px")]
Offset = Annotated[float | None, Range(0, 65_535)]
Length = Annotated[float | None, Range(0.0001, 65_535)]


@dataclass(frozen=True, kw_only=True)
class Resize(Operation):
    """Change the size in pixels. With one side given the other follows the image's proportions."""

    kind: ClassVar[Kind] = "thumbnail"
    example: ClassVar[str] = "width=300,height=200,fit=cover"
    width: Annotated[Pixels | None, Short("w"), "Width of the box, before dpr."] = None
    height: Annotated[Pixels | None, Short("h"), "Height of the box, before dpr."] = None
    fit: Annotated[
        Fit,
        "How the image takes the box: inside (all of it, at most the box), outside (at least the box), "
        "cover (fills the box, cut by gravity), contain (all of it, padded to the box), fill (stretched).",
    ] = "inside"
    gravity: Annotated[
        Gravity,
        "The part that cover keeps, and where contain puts the image. smart: what draws the eye, or the "
        "image's own focal point.",
    ] = "center"
    focal: Focal = None
    dpr: Dpr = 1.0
    enlarge: Annotated[bool, "Whether the result may have more pixels than the image."] = False

    def check(self) -> None:
        if self.width is None and self.height is None:
            raise ParameterError(
                "Expected a width, a height or both for resize but received neither", pointer="/width"
            )


@dataclass(frozen=True, kw_only=True)
class Thumbnail(Operation):
    """Fill a box and cut what stands out of it: resize with fit=cover, aimed at what draws the eye."""

    kind: ClassVar[Kind] = "thumbnail"
    example: ClassVar[str] = "width=64"
    width: Annotated[Pixels, "Width of the box, before dpr."]
    height: Annotated[Pixels | None, "Height of the box, before dpr; the width where none is given."] = None
    gravity: Annotated[Gravity, "The part that is kept."] = "smart"
    focal: Focal = None
    dpr: Dpr = 1.0
    enlarge: Annotated[bool, "Whether the result may have more pixels than the image."] = False


@dataclass(frozen=True, kw_only=True)
class Crop(Operation):
    """Keep one part of the image. What of it lies outside the image is left out."""

    kind: ClassVar[Kind] = "thumbnail"
    example: ClassVar[str] = "left=10,top=5,width=80,height=60"
    left: Annotated[Offset, "Where the part begins; where gravity says if none is given."] = None
    top: Annotated[Offset, "Where the part begins; where gravity says if none is given."] = None
    width: Annotated[Length, "Width of the part; all there is if none is given."] = None
    height: Annotated[Length, "Height of the part; all there is if none is given."] = None
    unit: Annotated[Literal["px", "ratio"], "What the numbers count: px, or shares of the image, 0-1."] = "px"
    aspect_ratio: Annotated[AspectRatio | None, "The part shrinks to these proportions."] = None
    gravity: Annotated[Gravity, "Where the part lies."] = "center"
    focal: Focal = None

    def check(self) -> None:
        given = {name: getattr(self, name) for name in ("left", "top", "width", "height")}
        if self.aspect_ratio is None and not any(value is not None for value in given.values()):
            raise ParameterError("Expected a box or an aspect_ratio for crop but received neither")
        for name, value in given.items():
            if self.unit == "ratio" and (value or 0) > 1:
                raise ParameterError(
                    f"Expected at most 1 for crop.{name} in unit=ratio but received '{value:g}'",
                    pointer=f"/{name}",
                )


@dataclass(frozen=True, kw_only=True)
class Rotate(Operation):
    """Turn the image clockwise. Quarter turns keep every pixel as it is."""

    kind: ClassVar[Kind] = "rotate"
    example: ClassVar[str] = "angle=30"
    angle: Annotated[float, Range(-360, 360, "degrees"), "Clockwise."]
    background: Annotated[Color, "What the corners show."] = "#00000000"
    expand: Annotated[bool, "Whether the canvas grows to hold all of the image, or keeps its size."] = True


@dataclass(frozen=True, kw_only=True)
class Flip(Operation):
    """Mirror the image."""

    kind: ClassVar[Kind] = "rotate"
    direction: Annotated[
        Literal["horizontal", "vertical", "both"], "horizontal: left and right change places."
    ] = "horizontal"


@dataclass(frozen=True, kw_only=True)
class Trim(Operation):
    """Cut borders of one colour, or of nothing at all, off. An animation's first frame decides for all."""

    kind: ClassVar[Kind] = "thumbnail"
    is_sized_by_pixels: ClassVar[bool] = True
    threshold: Annotated[int, Range(0, 255), "How far a channel may be from the border's colour."] = 10
    color: Annotated[Color | None, "The border's colour; that of the top left pixel if none is given."] = None
    padding: Annotated[Border, "How much of the border is kept."] = 0


@dataclass(frozen=True, kw_only=True)
class Pad(Operation):
    """Enlarge the canvas around the image, by sides or to proportions."""

    kind: ClassVar[Kind] = "thumbnail"
    example: ClassVar[str] = "aspect_ratio=1%3A1,fill=blur"
    top: Annotated[Border, "Added above."] = 0
    right: Annotated[Border, "Added on the right."] = 0
    bottom: Annotated[Border, "Added below."] = 0
    left: Annotated[Border, "Added on the left."] = 0
    aspect_ratio: Annotated[AspectRatio | None, "The canvas grows to these proportions."] = None
    gravity: Annotated[Compass, "Where the image stands on a canvas of these proportions."] = "center"
    fill: Annotated[
        Literal["color", "blur", "mirror"],
        "What is added: background, the image itself enlarged and blurred, or its reflection.",
    ] = "color"
    background: Annotated[Color, "The colour of what is added, for fill=color."] = "#00000000"

    def check(self) -> None:
        if self.aspect_ratio is not None and (self.top or self.right or self.bottom or self.left):
            raise ParameterError(
                "Expected sides or an aspect_ratio for pad but received both", pointer="/aspect_ratio"
            )
