"""Operations that change the colour of each pixel independently of other pixels.

Channels range from 0 (none) to 1 (full). They are sRGB values unless a docstring says linear light. Alpha
stays as it is. The result of each operation is clipped to that range, even if another operation follows. If
neighbouring operations are applied in one pass, nothing is rounded between them."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from progimage.errors import ParameterError
from progimage.parameters.annotations import Color, Percent
from progimage.parameters.ranges import Range

from .operation import Kind, Operation

Share = Annotated[float, Range(0, 100, "%"), "Share of the new colour in the result: 0 none, 100 all."]
Exponent = Annotated[float, Range(0.1, 10), "The exponent is 1/gamma: above 1 is brighter, below darker."]
Level = Annotated[int, Range(0, 255)]


@dataclass(frozen=True, kw_only=True)
class Brightness(Operation):
    """Multiply each channel by 1 + amount/100.

    Source: Filter Effects 1, brightness()."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "amount=20"
    amount: Annotated[Percent, "-100 is black, 0 no change, 100 twice as bright."]


@dataclass(frozen=True, kw_only=True)
class Contrast(Operation):
    """Multiply each channel's distance from middle grey, 0.5, by 1 + amount/100.

    Source: Filter Effects 1, contrast()."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "amount=30"
    amount: Annotated[Percent, "-100 is grey, 0 no change, 100 twice the contrast."]


@dataclass(frozen=True, kw_only=True)
class Saturation(Operation):
    """Multiply each colour's distance from the grey of the same BT.709 luminance by 1 + amount/100.

    Source: Filter Effects 1, saturate()."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "amount=-40"
    amount: Annotated[Percent, "-100 is grey, 0 no change, 100 twice as colourful."]


@dataclass(frozen=True, kw_only=True)
class Exposure(Operation):
    """Multiply each channel in linear light by 2 to the power of stops (sRGB: IEC 61966-2-1)."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "stops=-0.5"
    stops: Annotated[float, Range(-5, 5, "stops"), "Each stop is twice the light."]


@dataclass(frozen=True, kw_only=True)
class Gamma(Operation):
    """Raise each channel to the power of 1/gamma. Black and white stay."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "gamma=1.8"
    gamma: Exponent


@dataclass(frozen=True, kw_only=True)
class Hue(Operation):
    """Rotate all hues by an angle in degrees. The BT.709 luminance stays.

    Source: Filter Effects 1, hue-rotate()."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "angle=90"
    angle: Annotated[
        float,
        Range(-360, 360, "degrees"),
        "120 turns red into green, -120 turns red into blue.",
    ]


@dataclass(frozen=True, kw_only=True)
class Temperature(Operation):
    """Make colours warmer or cooler: red gains amount/200 stops and blue loses as many, in linear light."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "amount=40"
    amount: Annotated[Percent, "Above 0 is warmer, below 0 is cooler; 100 is one stop between red and blue."]


@dataclass(frozen=True, kw_only=True)
class Levels(Operation):
    """Map the levels from black to white onto those from out_black to out_white, with a gamma curve.

    If out_black is above out_white, the result is a negative."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "black=16,white=235,gamma=1.2"
    black: Annotated[Level, "This level and all below it become out_black."] = 0
    white: Annotated[Level, "This level and all above it become out_white."] = 255
    gamma: Exponent = 1.0
    out_black: Annotated[Level, "The level that black becomes."] = 0
    out_white: Annotated[Level, "The level that white becomes."] = 255

    def check(self) -> None:
        if self.white <= self.black:
            raise ParameterError(
                f"Expected a level above black, {self.black}, for levels.white but received {self.white}",
                pointer="/white",
            )


@dataclass(frozen=True, kw_only=True)
class Grayscale(Operation):
    """Remove colour: replace each pixel by its ITU-R BT.601 luma, as JPEG computes it."""

    kind: ClassVar[Kind] = "filter"


@dataclass(frozen=True, kw_only=True)
class Sepia(Operation):
    """Tone the image in the brown of old photographs.

    Source: Filter Effects 1, sepia()."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "amount=80"
    amount: Share = 100.0


@dataclass(frozen=True, kw_only=True)
class Tint(Operation):
    """Tone the image in one colour, like photographic paper: multiply the BT.601 luma by the colour."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "color=ff8800,amount=50"
    color: Annotated[Color, "The colour that white becomes; black stays. Its alpha is ignored."]
    amount: Share = 100.0


@dataclass(frozen=True, kw_only=True)
class Duotone(Operation):
    """Draw the image in two colours: mix shadows and highlights in proportion to the BT.601 luma."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "shadows=101040,highlights=ffe0a0"
    shadows: Annotated[Color, "The colour that black becomes. Its alpha is ignored."]
    highlights: Annotated[Color, "The colour that white becomes. Its alpha is ignored."]


@dataclass(frozen=True, kw_only=True)
class Invert(Operation):
    """Make a negative: subtract each channel from 1."""

    kind: ClassVar[Kind] = "filter"


@dataclass(frozen=True, kw_only=True)
class Threshold(Operation):
    """Make every pixel black or white by its BT.601 luma."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "level=100"
    level: Annotated[Level, "The smallest luma that becomes white."] = 128


@dataclass(frozen=True, kw_only=True)
class Posterize(Operation):
    """Reduce each channel to a few evenly spaced levels. Each value moves to the nearest level."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "levels=4"
    levels: Annotated[int, Range(2, 256, "levels"), "Number of levels; 256 changes nothing."]


@dataclass(frozen=True, kw_only=True)
class Autocontrast(Operation):
    """Stretch all channels alike, so that the BT.601 luma ranges from black to white. Grey stays grey.

    Invisible pixels are not counted. An animation is stretched as its first frame needs it."""

    kind: ClassVar[Kind] = "filter"
    example: ClassVar[str] = "cutoff=2"
    cutoff: Annotated[
        float,
        Range(0, 49, "%"),
        "Share of pixels that may be clipped at each end.",
    ] = 1.0


@dataclass(frozen=True, kw_only=True)
class Equalize(Operation):
    """Map all channels by the cumulative histogram of BT.601 luma, so that every luma is equally frequent.

    Invisible pixels are not counted. An animation is mapped as its first frame needs it."""

    kind: ClassVar[Kind] = "filter"
