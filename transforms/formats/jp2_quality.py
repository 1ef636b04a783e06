"""JPEG 2000 by the decibels that a result has to reach.

OpenJPEG estimates the error of each coefficient. The estimates of few coefficients may be wrong by 25 dB:
a small flat image becomes another colour."""

from io import BytesIO
from math import log10

from PIL import Image, ImageChops, ImageStat
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

from .trial import SaveOptions, bytes_of

LOSSLESS_JP2: SaveOptions = {"irreversible": False, "mct": 1}
_LOSSLESS_ALLOWANCE = 1.25
"""An image of few colours is written without loss if that takes at most so many times the bytes."""
_FEW_COLORS = 16
_MAX_TRIED_PIXELS = 2_000_000
_MAX_CHECKED_PIXELS = 65_536
"""Larger images have enough coefficients: their errors were within 3 dB of the estimates."""
_ALLOWANCE_DB = 1.5
_STEP_DB = 5.0
_MAX_STEPS = 6


def jp2_options(image: Image.Image, psnr_db: float) -> SaveOptions:
    """Return options by which a result reaches that peak signal-to-noise ratio."""
    pixels = image.width * image.height
    options = _lossy(psnr_db)
    if pixels <= _MAX_TRIED_PIXELS and image.getcolors(_FEW_COLORS):
        lossless_bytes = bytes_of(image, "JPEG2000", LOSSLESS_JP2)
        if lossless_bytes <= _LOSSLESS_ALLOWANCE * bytes_of(image, "JPEG2000", options):
            return LOSSLESS_JP2
    if pixels > _MAX_CHECKED_PIXELS:
        return options
    for step in range(_MAX_STEPS):
        options = _lossy(psnr_db + step * _STEP_DB)
        if _psnr_db(image, options) >= psnr_db - _ALLOWANCE_DB:
            return options
    return LOSSLESS_JP2


def _lossy(psnr_db: float) -> SaveOptions:
    return {
        "irreversible": True,
        "mct": 1,
        "quality_mode": "dB",
        "quality_layers": [psnr_db],
    }


def _psnr_db(image: Image.Image, options: SaveOptions) -> float:
    """Return the ratio that a result of `options` has."""
    buffer = BytesIO()
    image.save(buffer, "JPEG2000", **options)
    buffer.seek(0)
    with Jpeg2KImageFile(buffer) as decoded:
        difference = ImageChops.difference(image, decoded.convert(image.mode))
    squares = ImageStat.Stat(difference).sum2
    pixels = image.width * image.height * len(squares)
    return 10 * log10(255**2 * pixels / sum(squares)) if any(squares) else float("inf")
