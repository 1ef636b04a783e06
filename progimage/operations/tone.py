"""Operations that change each pixel's colour by itself."""

from dataclasses import dataclass
from typing import ClassVar

from .operation import Kind, Operation


@dataclass(frozen=True, kw_only=True)
class Grayscale(Operation):
    """Leave the lightness alone: ITU-R BT.601 luma, as JPEG has it."""

    kind: ClassVar[Kind] = "filter"
