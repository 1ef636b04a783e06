"""Operations that change each pixel's colour by itself.

Channels count from 0 (none) to 1 (full), as sRGB has them unless linear light is said; alpha stays as it is.
Each operation's result is clipped to that range, whatever follows. Between neighbours that are one pass
nothing is rounded."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from progimage.errors import ParameterError
from progimage.parameters.annotations import Color, Percent
from progimage.parameters.ranges import Range

from .operation import Kind, Operation

Share = Annotated[float, Range(0, 100, "%"), "How much of the result is the new colour: 0 none, 100 all."]
Exponent = Annotated[float, Range(0.1, 10), "The exponent is 1/gamma: above 1 is brighter, below darker."]
Level = Annotated[int, Range(0, 255)]


@dataclass(frozen=True, kw_only=True)
class Brightness(Operation):
    """Multiply each channel by 1 + amount/100.

    Source: Filter Effects 1, brightness()."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "amount=20"
    amount: Annotated[Percent, "-100 is black, 0 none, 100 twice as bright."]


@dataclass(frozen=True, kw_only=True)
class Contrast(Operation):
    """Multiply each channel's distance from middle grey, 0.5, by 1 + amount/100.

    Source: Filter Effects 1, contrast()."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "amount=30"
    amount: Annotated[Percent, "-100 is grey, 0 none, 100 twice the contrast."]


@dataclass(frozen=True, kw_only=True)
class Saturation(Operation):
    """Multiply the colours' distance from grey of the same luminance, BT.709, by 1 + amount/100.

    Source: Filter Effects 1, saturate()."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "amount=-40"
    amount: Annotated[Percent, "-100 is grey, 0 none, 100 twice as colourful."]


@dataclass(frozen=True, kw_only=True)
class Exposure(Operation):
    """Multiply the light by 2 to the power of stops, in linear light (sRGB: IEC 61966-2-1)."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "stops=-0.5"
    stops: Annotated[float, Range(-5, 5, "stops"), "Each stop is twice the light."]


@dataclass(frozen=True, kw_only=True)
class Gamma(Operation):
    """Raise each channel to the power of 1/gamma: black and white stay."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "gamma=1.8"
    gamma: Exponent


@dataclass(frozen=True, kw_only=True)
class Hue(Operation):
    """Turn every hue by an angle in degrees, keeping BT.709 luminance.

    Source: Filter Effects 1, hue-rotate()."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "angle=90"
    angle: Annotated[float, Range(-360, 360, "degrees"), "120 turns red to green, -120 red to blue."]


@dataclass(frozen=True, kw_only=True)
class Temperature(Operation):
    """Make colours warmer or cooler: red amount/200 stops up and blue as many down, in linear light."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "amount=40"
    amount: Annotated[Percent, "Above 0 is warmer, below cooler; 100 is one stop between red and blue."]


@dataclass(frozen=True, kw_only=True)
class Levels(Operation):
    """Stretch what lies between black and white, bend it by gamma, put it between out_black and out_white.

    out_black above out_white makes a negative."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "black=16,white=235,gamma=1.2"
    black: Annotated[Level, "The level, and all below it, that becomes out_black."] = 0
    white: Annotated[Level, "The level, and all above it, that becomes out_white."] = 255
    gamma: Exponent = 1.0
    out_black: Annotated[Level, "What black becomes."] = 0
    out_white: Annotated[Level, "What white becomes."] = 255

    def check(self) -> None:
        if self.white <= self.black:
            raise ParameterError(
                f"Expected a level above black, {self.black}, for levels.white but received {self.white}",
                pointer="/white",
            )


@dataclass(frozen=True, kw_only=True)
class Grayscale(Operation):
    """Leave the lightness alone: ITU-R BT.601 luma, as JPEG has it."""

    kind: ClassVar[Kind] = "filter"


@dataclass(frozen=True, kw_only=True)
class Sepia(Operation):
    """Tone in the brown of old photographs.

    Source: Filter Effects 1, sepia()."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "amount=80"
    amount: Share = 100.0


@dataclass(frozen=True, kw_only=True)
class Tint(Operation):
    """Tone in a colour, as photographic paper is: BT.601 luma times the colour."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "color=ff8800,amount=50"
    color: Annotated[Color, "What white becomes; black stays. Its alpha counts for nothing."]
    amount: Share = 100.0


@dataclass(frozen=True, kw_only=True)
class Duotone(Operation):
    """Draw in two colours: from that of shadows to that of highlights in proportion to BT.601 luma."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "shadows=101040,highlights=ffe0a0"
    shadows: Annotated[Color, "What black becomes. Its alpha counts for nothing."]
    highlights: Annotated[Color, "What white becomes. Its alpha counts for nothing."]


@dataclass(frozen=True, kw_only=True)
class Invert(Operation):
    """Make a negative: each channel becomes 1 less its value."""

    kind: ClassVar[Kind] = "filter"


@dataclass(frozen=True, kw_only=True)
class Threshold(Operation):
    """Make every pixel black or white by its BT.601 luma."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "level=100"
    level: Annotated[Level, "The least luma that becomes white."] = 128


@dataclass(frozen=True, kw_only=True)
class Posterize(Operation):
    """Leave few levels to each channel, evenly from none to full: each value goes to the nearest."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "levels=4"
    levels: Annotated[int, Range(2, 256, "levels"), "How many; 256 changes nothing."]


@dataclass(frozen=True, kw_only=True)
class Autocontrast(Operation):
    """Stretch all channels alike, so that BT.601 luma goes from black to white and grey stays grey.

    Pixels that cannot be seen are not counted; an animation is stretched as its first frame needs it."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "cutoff=2"
    cutoff: Annotated[float, Range(0, 49, "%"), "Share of pixels at each end that may be clipped."] = 1.0


@dataclass(frozen=True, kw_only=True)
class Equalize(Operation):
    """Bend all channels alike, by the cumulative histogram of BT.601 luma, so that every luma is as frequent.

    Pixels that cannot be seen are not counted; an animation is bent as its first frame needs it."""

    kind: ClassVar[Kind] = "filter"
