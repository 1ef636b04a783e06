"""The EXIF of an opened image, which older programs write into a PNG as a text."""

from PIL import ImageFile

_PREFIX = b"Exif\0\0"
_TEXTS = ("Raw profile type exif", "Raw profile type APP1")
"""ImageMagick wrote them before PNG had a chunk for EXIF."""
_HEAD_LINES = 3
"""An empty line, the kind, and the number of bytes. Those follow in hexadecimal."""


def find_exif(image: ImageFile.ImageFile) -> bytes:
    """Return the EXIF, or nothing. Raise ValueError if it is a text that is broken."""
    exif = image.info.get("exif")
    if isinstance(exif, bytes):
        return exif
    for name in _TEXTS:
        text = image.info.get(name)
        lines = text.split("\n")[_HEAD_LINES:] if isinstance(text, str) else []
        content = bytes.fromhex("".join(lines))
        if content.startswith(_PREFIX):
            return content
    return b""
