"""The header of a photograph of 12 megapixels."""

from transforms.color.description import ColorSpace
from transforms.decoding.header import Header

EIGHT_BITS = ColorSpace(bit_depth=8)
PHOTO = Header(
    format="jpeg",
    media_type="image/jpeg",
    width=4_000,
    height=3_000,
    frames=1,
    has_alpha=False,
    orientation=1,
    color_space=EIGHT_BITS,
)
"""12 megapixels, whose overview has 1024 x 768 px."""
