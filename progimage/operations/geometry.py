"""Operations that change where pixels stand and how many there are."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from ..errors import ParameterError
from .fields import Focal, Pixels, Short
from .operation import Kind, Operation
from .parameters import Range

Fit = Literal["inside", "outside", "cover", "contain", "fill"]
Gravity = Literal[
    "center", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest", "smart"
]


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
    dpr: Annotated[float, Range(0.1, 8, "times"), "Device pixel ratio, by which the box is multiplied."] = 1.0
    enlarge: Annotated[bool, "Whether the result may have more pixels than the image."] = False

    def check(self) -> None:
        if self.width is None and self.height is None:
            raise ParameterError(
                "Expected a width, a height or both for resize but received neither", pointer="/width"
            )
