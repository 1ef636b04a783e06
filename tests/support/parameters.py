"""A set of parameters of every type."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from progimage.operations import ParameterSet
from progimage.parameters import Color, Range


@dataclass(frozen=True, kw_only=True)
class Everything(ParameterSet):
    """A parameter of each type, as later operations have them. No operation: it is in no catalogue."""

    name: ClassVar[str] = "everything"
    ratio: Annotated[float, Range(0, 100, "px")] = 1.0
    text: str = ""
    points: Annotated[tuple[float, ...], Range(-5, 5)] = ()
    names: tuple[str, ...] = ()
    color: Color = "#000000ff"
