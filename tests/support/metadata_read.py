"""Metadata of results, as Pillow reads them."""

import io
from typing import Any

from PIL import Image
from PIL.ExifTags import IFD

from transforms.formats.table import FORMATS, WRITABLE

SOURCES = ["jpeg", "png", "webp", "avif", "tiff"]
HOLDING = [name for name in WRITABLE if FORMATS[name].holds_metadata]
ARTIST, RIGHTS = 0x013B, 0x8298
ORIENTATION = 0x0112


def tags(content: bytes) -> dict[int, Any]:
    """All values of EXIF that Pillow reads, texts as bytes."""
    exif = Image.open(io.BytesIO(content)).getexif()
    directories = (exif, *(exif.get_ifd(name) for name in (IFD.Exif, IFD.GPSInfo, IFD.IFD1)))
    values = {tag: value for directory in directories for tag, value in directory.items()}
    return {
        tag: value.encode("latin-1") if isinstance(value, str) else value for tag, value in values.items()
    }


def said(content: bytes) -> set[str]:
    """Return the names of the metadata that Pillow finds in a file."""
    info = Image.open(io.BytesIO(content)).info
    known = {"exif", "xmp", "icc_profile", "photoshop", "comment", "Comment", "XML:com.adobe.xmp"}
    return {name for name in known & info.keys() if info[name] and "OpenJPEG" not in str(info[name])}
