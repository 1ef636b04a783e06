"""The kinds of TIFF that are refused, each with a sentence that names it."""

from progimage.errors import UnprocessableImage

from . import libtiff
from .tiff_layout import (
    BLACK_IS_ZERO,
    CIELAB,
    CMYK,
    ICCLAB,
    PALETTE,
    RGB,
    WHITE_IS_ZERO,
    YCBCR,
    Layout,
    Number,
)

_RAW = "raw sensor data"
_CONTENTS = {
    4: "a transparency mask",
    10: "ITULab",
    32803: _RAW,
    32844: "LogL",
    32845: "LogLuv",
    34892: _RAW,
    51177: "a depth map",
    52527: "a semantic mask",
}
"""TIFF 6.0 and its supplements; DNG 1.7.1, "PhotometricInterpretation"."""
_SHOWN = frozenset({WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, CIELAB, ICCLAB})
_COMPRESSIONS = {
    22610: "JPEG XR",
    33003: "JPEG 2000",
    33004: "JPEG 2000",
    33005: "JPEG 2000",
    34661: "JBIG",
    34676: "LogLuv",
    34677: "LogLuv",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "a lossy raw JPEG",
    34925: "LZMA",
    34933: "PNG",
    34934: "JPEG XR",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
_GREY = (WHITE_IS_ZERO, BLACK_IS_ZERO)
_LAB = (CIELAB, ICCLAB)
_MAX_PAGE_BYTES = 1_000_000_000
"""Of decoded samples. A child has 1.5 GB."""


def check_content(layout: Layout) -> None:
    """Raise UnprocessableImage for a page that is no picture, or whose compression has no decoder."""
    if layout.photometric not in _SHOWN:
        name = _CONTENTS.get(layout.photometric, f"the photometric interpretation {layout.photometric}")
        raise UnprocessableImage(f"Expected a TIFF in grey, RGB, CMYK, YCbCr or Lab but received {name}")
    if libtiff.is_available() and not libtiff.has_codec(layout.compression):
        name = _COMPRESSIONS.get(layout.compression, f"the compression {layout.compression}")
        raise UnprocessableImage(f"Expected a TIFF with a usual compression but received {name}")
    if layout.has_other_inks:
        raise UnprocessableImage("Expected a TIFF in CMYK but received other inks")


def check_samples(layout: Layout) -> None:
    """Raise UnprocessableImage for samples that neither Pillow nor this project converts."""
    if not libtiff.is_available():
        raise UnprocessableImage("Expected a TIFF of 8 bits per sample but received another kind")
    refuse = _refusal(layout)
    if refuse:
        raise UnprocessableImage(f"Expected a TIFF of a usual kind but received {refuse}")
    height, width = (layout.tile or (0, 0))[::-1]
    block = max(height, layout.rows_per_strip) * layout.bytes_of(max(width, layout.width))
    if max(block, layout.height * layout.row_bytes) > _MAX_PAGE_BYTES:
        raise UnprocessableImage(
            f"Expected a TIFF of at most {_MAX_PAGE_BYTES:,} bytes of samples but received more"
        )


def _refusal(layout: Layout) -> str:
    """Return the name of the kind if it is refused, else nothing."""
    bits = layout.bits
    has_alpha = layout.alpha is not None
    in_a_row = 1 if layout.is_planar else layout.samples
    tile_width = layout.tile[0] if layout.tile else 8
    refusals = {
        "samples of different depths": layout.is_uneven,
        f"{layout.samples} samples for {layout.colors} colours": layout.samples < layout.colors,
        f"a JPEG of {bits} bits": layout.is_jpeg,
        f"YCbCr of {bits} bits": layout.photometric == YCBCR and bits != 8,
        "planes of subsampled YCbCr": layout.is_subsampled,
        "CMYK with alpha": layout.photometric == CMYK and has_alpha,
        "a palette with alpha": layout.photometric == PALETTE and has_alpha,
        f"tiles of {tile_width} px": tile_width * in_a_row * bits % 8 > 0,
        f"{layout.number} of {bits} bits": not _has_usual_numbers(layout),
    }
    return next((name for name, is_refused in refusals.items() if is_refused), "")


def _has_usual_numbers(layout: Layout) -> bool:
    bits = layout.bits
    if layout.photometric in _LAB:
        return bits in (8, 16) and layout.number in (Number.UNSIGNED, Number.SIGNED)
    if layout.photometric in (CMYK, PALETTE, YCBCR):
        return layout.number == Number.UNSIGNED and bits <= 16
    is_grey = layout.photometric in _GREY
    return {
        Number.UNSIGNED: bits <= 16 or bits == 32,
        Number.SIGNED: is_grey and layout.alpha is None and bits in (8, 16, 32),
        Number.FLOAT: bits in (16, 32, 64),
        Number.COMPLEX: False,
    }[layout.number]
