"""Kinds of AVIF that no decoder here converts to RGB, each refused by a sentence that names it."""

from progimage.errors import UnprocessableImage

from .avif_colors import Picture

_NAMES = {
    10: "BT.2020 with constant luminance",
    11: "the colour differences of SMPTE ST 2085",
    13: "constant luminance by its own primaries",
    14: "ICtCp",
    15: "IPT-C2",
}
"""Matrix coefficients (ITU-T H.273, table 4) that libavif 1.4 does not have."""
_MATRIX = slice(8, 10)


def check_kind(picture: Picture) -> None:
    """Raise UnprocessableImage if the colours are stored in a way that cannot be converted."""
    for box in picture.properties:
        if box.kind == b"colr" and box.content[:4] == b"nclx":
            name = _NAMES.get(int.from_bytes(box.content[_MATRIX]))
            if name:
                raise UnprocessableImage(f"Expected an AVIF in RGB, grey or usual YCbCr but received {name}")
            return
