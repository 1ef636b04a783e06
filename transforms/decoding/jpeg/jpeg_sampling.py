"""The sampling of a JPEG's components, and how much of it a scaled decode leaves.

libjpeg-turbo scales every component by the same number in both directions (jdmaster.c,
jpeg_calc_output_dimensions). A component that is smaller in one direction only, as the colours in 4:2:2 are,
therefore loses px that the file has, and is enlarged again by a soft kernel."""

from typing import NamedTuple

from PIL import Image, JpegImagePlugin

from .jpeg_structure import LOSSLESS, find_frame

_SCALES = (2, 4, 8)
_BLOCK_PX = 8
_FINER = 4
"""Measured on nine pictures in seven samplings, reduced by 2.6 to 32, against a full decode. At the scale
that suits 4:2:0 the others lose up to 25 dB against it. At twice that scale it is up to 16 dB, and at four
times that scale nothing."""


class Sampling(NamedTuple):
    """The factors of one component (ITU-T T.81, A.1.1)."""

    across: int
    down: int


def is_lossless(image: Image.Image) -> bool:
    """Return whether an opened image is a JPEG of differences of samples (ITU-T T.81, annex H)."""
    if not isinstance(image, JpegImagePlugin.JpegImageFile) or image.fp is None:
        return False
    frame = find_frame(image.fp)
    return frame is not None and frame.marker == LOSSLESS


def takes_means(image: Image.Image) -> bool:
    """Return whether a scaled decode of `image` gives the means of squares.

    That of a JPEG does (libjpeg-turbo, jidctred.c), except for squares that stand out of the image, and for
    components that it enlarges."""
    if not _read_samplings(image) or is_lossless(image):
        return False
    return not any(enlarges(image, scale) for scale in _SCALES)


def fine_scale(image: Image.Image, scale: int, *, is_luma_alone: bool) -> int:
    """Return `scale`, or a finer one if the decoder would enlarge a component at `scale`."""
    if not enlarges(image, scale, is_luma_alone=is_luma_alone):
        return scale
    return max(1, scale // _FINER)


def enlarges(image: Image.Image, scale: int, *, is_luma_alone: bool = False) -> bool:
    """Return whether the decoder reduces a component by more than `scale` and enlarges it again.

    Always False for an image that is no JPEG."""
    samplings = _read_samplings(image)
    most_across = max((sampling.across for sampling in samplings), default=1)
    most_down = max((sampling.down for sampling in samplings), default=1)
    most = Sampling(most_across, most_down)
    decoded = samplings[:1] if is_luma_alone else samplings
    return scale > 1 and any(_is_enlarged(sampling, most, scale) for sampling in decoded)


def _read_samplings(image: Image.Image) -> list[Sampling]:
    """Return the factors that Pillow has read from the frame header."""
    layers = getattr(image, "layer", [])
    return [Sampling(max(1, across), max(1, down)) for _, across, down, _ in layers]


def _is_enlarged(sampling: Sampling, most: Sampling, scale: int) -> bool:
    """Follow libjpeg-turbo: double the px of a block while both directions still fit into the output."""
    output_px = _BLOCK_PX // scale
    block_px = output_px
    while block_px < _BLOCK_PX and _fits(sampling, most, output_px, 2 * block_px):
        block_px *= 2
    across = most.across * output_px / (sampling.across * block_px)
    down = most.down * output_px / (sampling.down * block_px)
    return (across, down) != (1, 1)


def _fits(
    sampling: Sampling,
    most: Sampling,
    output_px: int,
    block_px: int,
) -> bool:
    across = most.across * output_px % (sampling.across * block_px)
    down = most.down * output_px % (sampling.down * block_px)
    return across == 0 and down == 0
