"""The formats: a table of facts, read by everything that needs one.

A ceiling in pixels is the size that the encoder manages in 6 s and 1 GB on one core of a small virtual
machine, for a photograph with much noise. The deadline is 10 s, and a child has 1.5 GB."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from io import BytesIO
from types import MappingProxyType

from .metadata import (
    Metadata,
    append_metadata,
    as_jpeg_options,
    as_options,
    as_png_options,
)
from .save_options import (
    EncodeTask,
    as_avif,
    as_ico,
    as_jp2,
    as_jpeg,
    as_nothing,
    as_png,
    as_tiff,
    as_webp,
)
from .trial import SaveOptions

MIN_ATTEMPTS = 3
"""The least number of encodes that find a quality for max_bytes."""

_DRAFT_MARGIN = 1.25
"""Measured on twelve photographs reduced to 300 px, against a full decode: with a margin of 1.0 the worst
has 42 dB and all take 148 ms; with 1.25 45 dB, 172 ms; 1.5 49 dB, 197 ms; 2.0 52 dB, 225 ms. libwebp scales
colours to half of that each way."""


@dataclass(frozen=True)
class Format:
    """The facts of one format. `pillow` is its name in Pillow."""

    name: str
    media_type: str
    extensions: tuple[str, ...]
    pillow: str
    _: KW_ONLY
    written_as: str = ""
    """Another format, if this one can be read but not written."""
    has_alpha: bool = False
    kinds: frozenset[str] = frozenset()
    """Modes of Pillow for one bit, grey and palettes that are written as such."""
    is_animated: bool = False
    is_collection: bool = False
    """Whether it may hold pictures that are not frames of an animation."""
    is_decoded_upright: bool = False
    """Whether the decoder itself applies the orientation."""
    is_indexed: bool = False
    """Whether it holds at most 256 colours, one of which may be transparent."""
    decode_margin: float | None = None
    """The least px per px of the result for a decode at 1/2, 1/4 or 1/8. None if no decoder scales."""
    has_luma: bool = False
    """Whether a decoder can give lightness without the colours."""
    loops_count_repeats: bool = False
    """Whether a loop count leaves out the first play, as GIF's does."""
    max_plays: int = 0
    """The most times that an animation may be told to play. A larger number is reduced to this one."""
    quality: int | None = None
    has_lossless: bool = False
    has_progressive: bool = False
    has_subsampling: bool = False
    has_gain_map: bool = False
    """Whether a result may have one, which makes it HDR."""
    has_effort: bool = False
    has_palette: bool = False
    colors: int | None = None
    """The palette's size if the client names none."""
    shrinks_to: int | None = None
    """The side in px to which a larger result is reduced. With None a larger result is refused."""
    max_side: int = 2**31 - 1
    """The longest side in px that the encoder writes and usual decoders read."""
    max_pixels: int = 50_000_000
    """For a result, over all its frames."""
    max_lossless_pixels: int = 50_000_000
    max_fitting_pixels: int = 0
    """Over all attempts to find the quality for max_bytes. They take some 4 s."""
    encode_ms: float = 10
    """CPU time per megapixel of a photograph with much noise."""
    options: Callable[[EncodeTask], SaveOptions] = as_nothing
    """Returns the options of Pillow's save()."""
    embed: Callable[[Metadata], SaveOptions] | None = None
    """Returns the options of Pillow's save() that hold metadata."""
    append: Callable[[BytesIO, Metadata], None] | None = None
    """Puts metadata into the finished file. For a format whose metadata Pillow's save() cannot write."""

    @property
    def max_fitted_pixels(self) -> int:
        """The most px of a result with max_bytes, over all its frames, that leave MIN_ATTEMPTS encodes."""
        if self.max_fitting_pixels < MIN_ATTEMPTS:
            return self.max_pixels
        return min(self.max_pixels, self.max_fitting_pixels // MIN_ATTEMPTS)

    @property
    def has_gray(self) -> bool:
        """Whether an image without colours is written with one channel."""
        return "L" in self.kinds

    @property
    def lossless_encode_ms(self) -> float:
        return self.encode_ms * self.max_pixels / self.max_lossless_pixels

    @property
    def holds_metadata(self) -> bool:
        return bool(self.embed or self.append)

    @property
    def can_write(self) -> bool:
        return not self.written_as


_TABLE = (
    Format(
        "jpeg", "image/jpeg", ("jpg", "jpeg"), "JPEG",
        quality=80,
        kinds=frozenset({"L"}),
        has_luma=True,
        decode_margin=_DRAFT_MARGIN,
        has_progressive=True,
        has_subsampling=True,
        has_gain_map=True,
        max_side=65_500,
        max_fitting_pixels=150_000_000,
        options=as_jpeg,
        embed=as_jpeg_options,
    ),
    Format(
        "png", "image/png", ("png",), "PNG",
        has_alpha=True,
        kinds=frozenset({"1", "L", "LA", "P"}),
        is_animated=True,
        max_plays=2**31 - 1,
        has_effort=True,
        has_palette=True,
        encode_ms=105,
        options=as_png,
        embed=as_png_options,
    ),
    Format(
        "webp", "image/webp", ("webp",), "WEBP",
        quality=79,
        has_alpha=True,
        is_animated=True,
        max_plays=65_535,
        decode_margin=2 * _DRAFT_MARGIN,
        has_lossless=True,
        has_effort=True,
        max_side=16_383,
        max_pixels=100_000_000,
        max_lossless_pixels=30_000_000,
        max_fitting_pixels=40_000_000,
        encode_ms=60,
        options=as_webp,
        embed=as_options,
    ),
    Format(
        "avif", "image/avif", ("avif",), "AVIF",
        quality=60,
        has_alpha=True,
        is_animated=True,
        max_plays=2**31 - 1,
        has_effort=True,
        has_subsampling=True,
        max_side=32_768,
        max_pixels=25_000_000,
        max_fitting_pixels=16_000_000,
        encode_ms=240,
        options=as_avif,
        embed=as_options,
    ),
    Format(
        "gif", "image/gif", ("gif",), "GIF",
        has_alpha=True,
        is_animated=True,
        is_indexed=True,
        loops_count_repeats=True,
        max_plays=65_536,
        has_palette=True,
        colors=256,
        encode_ms=100,
        max_side=65_535,
    ),
    Format(
        "tiff", "image/tiff", ("tiff", "tif"), "TIFF",
        has_alpha=True,
        kinds=frozenset({"1", "L", "LA", "P"}),
        is_decoded_upright=True,
        options=as_tiff,
        append=append_metadata,
    ),
    Format("bmp", "image/bmp", ("bmp",), "BMP", kinds=frozenset({"1", "L", "P"})),
    Format(
        "ico", "image/vnd.microsoft.icon", ("ico",), "ICO",
        has_alpha=True,
        shrinks_to=256,
        options=as_ico,
    ),
    Format(
        "jp2", "image/jp2", ("jp2",), "JPEG2000",
        quality=80,
        has_alpha=True,
        has_lossless=True,
        max_pixels=16_000_000,
        max_lossless_pixels=8_000_000,
        max_fitting_pixels=6_000_000,
        encode_ms=375,
        options=as_jp2,
    ),
    Format(
        "heic", "image/heic", ("heic", "heif"), "HEIF",
        written_as="jpeg",
        has_alpha=True,
        is_collection=True,
        is_decoded_upright=True,
    ),
)  # fmt: skip

FORMATS: Mapping[str, Format] = MappingProxyType({format.name: format for format in _TABLE})
READABLE = tuple(FORMATS)
WRITABLE = tuple(name for name, format in FORMATS.items() if format.can_write)
ACCEPTED_MEDIA_TYPES = tuple(format.media_type for format in _TABLE)

BY_EXTENSION: Mapping[str, Format] = MappingProxyType(
    {extension: format for format in _TABLE for extension in format.extensions}
)
"""The formats by their extensions, in lower case and without the dot."""
