"""Operations that change the positions and the number of the pixels."""

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
Dpr = Annotated[float, Range(0.1, 8, "times"), "Device pixel ratio. The box is multiplied by it."]
Border = Annotated[int, Range(0, 16_383, "px")]
Offset = Annotated[float | None, Range(0, 65_535)]
Length = Annotated[float | None, Range(0.0001, 65_535)]


@dataclass(frozen=True, kw_only=True)
class Resize(Operation):
    """Change the size in pixels. If one side is given, the other follows the image's proportions."""

    kind: ClassVar[Kind] = "thumbnail"
    example: ClassVar[str] = "width=300,height=200,fit=cover"
    width: Annotated[Pixels | None, Short("w"), "Width of the box, before dpr."] = None
    height: Annotated[Pixels | None, Short("h"), "Height of the box, before dpr."] = None
    fit: Annotated[
        Fit,
        "How the image fits the box: inside (complete, at most the box), outside (at least the box), "
        "cover (fills the box, cut by gravity), contain (complete, padded to the box), fill (stretched).",
    ] = "inside"
    gravity: Annotated[
        Gravity,
        "The part that cover keeps, and the position of the image in contain. smart: the image's stored "
        "focal point, or else its most salient part.",
    ] = "center"
    focal: Focal = None
    dpr: Dpr = 1.0
    enlarge: Annotated[bool, "Allow a result with more pixels than the image."] = False

    def check(self) -> None:
        if self.width is None and self.height is None:
            raise ParameterError(
                "Expected a width, a height or both for resize but received neither",
                pointer="/width",
            )


@dataclass(frozen=True, kw_only=True)
class Thumbnail(Operation):
    """Fill a box and cut off the rest: resize with fit=cover, centred on the most salient part."""

    kind: ClassVar[Kind] = "thumbnail"
    example: ClassVar[str] = "width=64"
    width: Annotated[Pixels, "Width of the box, before dpr."]
    height: Annotated[
        Pixels | None,
        "Height of the box, before dpr; the same as the width if none is given.",
    ] = None
    gravity: Annotated[Gravity, "The part to keep."] = "smart"
    focal: Focal = None
    dpr: Dpr = 1.0
    enlarge: Annotated[bool, "Allow a result with more pixels than the image."] = False


@dataclass(frozen=True, kw_only=True)
class Crop(Operation):
    """Keep one part of the image. If the part reaches beyond the image, it is cut at the edge."""

    kind: ClassVar[Kind] = "thumbnail"
    example: ClassVar[str] = "left=10,top=5,width=80,height=60"
    left: Annotated[Offset, "Left edge of the part; chosen by gravity if none is given."] = None
    top: Annotated[Offset, "Top edge of the part; chosen by gravity if none is given."] = None
    width: Annotated[Length, "Width of the part; up to the image's edge if none is given."] = None
    height: Annotated[Length, "Height of the part; up to the image's edge if none is given."] = None
    unit: Annotated[
        Literal["px", "ratio"],
        "Unit of the numbers: px, or shares of the image from 0 to 1.",
    ] = "px"
    aspect_ratio: Annotated[AspectRatio | None, "The part shrinks to these proportions."] = None
    gravity: Annotated[Gravity, "Position of the part."] = "center"
    focal: Focal = None

    def check(self) -> None:
        box = {"left": self.left, "top": self.top, "width": self.width, "height": self.height}
        has_box = any(value is not None for value in box.values())
        if self.aspect_ratio is None and not has_box:
            raise ParameterError("Expected a box or an aspect_ratio for crop but received neither")
        if self.unit == "px":
            self._refuse_shares(box)
        for name, value in box.items():
            if self.unit == "ratio" and (value or 0) > 1:
                raise ParameterError(
                    f"Expected at most 1 for crop.{name} in unit=ratio but received {value:g}",
                    pointer=f"/{name}",
                )

    def _refuse_shares(self, box: dict[str, float | None]) -> None:
        """Raise ParameterError if the box in px is one of shares: a side below 1 px, or nothing above it."""
        given = {name: value for name, value in box.items() if value}
        has_px = any(value >= 1 for value in given.values())
        for name, value in given.items():
            if value < 1 and (name in ("width", "height") or not has_px):
                raise ParameterError(
                    f"Expected at least 1 px for crop.{name} but received {value:g}: for a share of the image"
                    " add unit=ratio",
                    pointer=f"/{name}",
                )


@dataclass(frozen=True, kw_only=True)
class Rotate(Operation):
    """Rotate the image clockwise. Multiples of 90 degrees keep every pixel as it is."""

    kind: ClassVar[Kind] = "rotate"
    example: ClassVar[str] = "angle=30"
    angle: Annotated[float, Range(-360, 360, "degrees"), "Clockwise."]
    background: Annotated[Color, "Colour of the corners."] = "#00000000"
    expand: Annotated[
        bool,
        "Grow the canvas to hold all of the image; otherwise it keeps its size.",
    ] = True


@dataclass(frozen=True, kw_only=True)
class Flip(Operation):
    """Mirror the image."""

    kind: ClassVar[Kind] = "rotate"
    direction: Annotated[
        Literal["horizontal", "vertical", "both"],
        "horizontal swaps left and right, vertical swaps top and bottom.",
    ] = "horizontal"


@dataclass(frozen=True, kw_only=True)
class Trim(Operation):
    """Cut off borders of one colour, or transparent ones. An animation is cut as its first frame needs it."""

    kind: ClassVar[Kind] = "thumbnail"
    is_sized_by_pixels: ClassVar[bool] = True
    threshold: Annotated[
        int,
        Range(0, 255),
        "Largest difference of a channel from the border's colour.",
    ] = 10
    color: Annotated[
        Color | None,
        "The border's colour; that of the top left pixel if none is given.",
    ] = None
    padding: Annotated[Border, "Width of the border to keep."] = 0


@dataclass(frozen=True, kw_only=True)
class Pad(Operation):
    """Enlarge the canvas around the image, by widths of sides or to proportions."""

    kind: ClassVar[Kind] = "thumbnail"
    example: ClassVar[str] = "aspect_ratio=1%3A1,fill=blur"
    top: Annotated[Border, "Width added above."] = 0
    right: Annotated[Border, "Width added on the right."] = 0
    bottom: Annotated[Border, "Width added below."] = 0
    left: Annotated[Border, "Width added on the left."] = 0
    aspect_ratio: Annotated[AspectRatio | None, "The canvas grows to these proportions."] = None
    gravity: Annotated[Compass, "Position of the image on a canvas of these proportions."] = "center"
    fill: Annotated[
        Literal["color", "blur", "mirror"],
        "Content of the added sides: the background, the image enlarged and blurred, or its reflection.",
    ] = "color"
    background: Annotated[Color, "Colour of the added sides for fill=color."] = "#00000000"

    def check(self) -> None:
        has_sides = any((self.top, self.right, self.bottom, self.left))
        if self.aspect_ratio is not None and has_sides:
            raise ParameterError(
                "Expected sides or an aspect_ratio for pad but received both",
                pointer="/aspect_ratio",
            )
