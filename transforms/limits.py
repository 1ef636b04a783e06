"""Limits on an image: the pixels, frames and metadata that the engine decodes and renders."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of imgproxy and Cloudflare: 50 megapixels, and
    twice that over all frames of an animation."""

    max_pixels: int = 50_000_000
    max_total_pixels: int = 100_000_000
    """Width x height x frames."""
    max_frames: int = 200
    max_output_side: int = 8_192
    """For a side that an operation makes longer. A side of the source may stay as long as it is."""
    max_enlarged_pixels: int = 25_000_000
    """For a result with more than twice the pixels of its source. A
    few bytes must not become a huge image."""
    max_metadata_bytes: int = 1_000_000
    """For EXIF and XMP each. The engine does not read larger ones."""
    max_profile_bytes: int = 4_000_000
    """For a colour profile. Those of presses have up to 3 MB. The engine does not read larger ones."""


DEFAULT_LIMITS = Limits()
