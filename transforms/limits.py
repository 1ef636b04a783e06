"""What an image may ask of the machine that decodes and renders it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """As imgproxy and Cloudflare have them: 50 megapixels, an animation twice that over all frames."""

    max_pixels: int = 50_000_000
    max_total_pixels: int = 100_000_000
    """Width x height x frames."""
    max_frames: int = 200
    max_output_side: int = 8_192
    max_enlarged_pixels: int = 25_000_000
    """Of a result with more than twice the pixels of its source: a few bytes must not become a huge image."""
    max_metadata_bytes: int = 1_000_000
    """Of a colour profile, of EXIF and of XMP; what is larger is left unread."""


DEFAULT_LIMITS = Limits()
