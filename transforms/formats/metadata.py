"""Metadata of a result: none, its author and rights, or all metadata of its source that still hold.

Metadata that are broken or larger than the limits are left out. They never fail a render."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from PIL import ExifTags, ImageFile, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo

from progimage.operations import MetadataLevel
from transforms.limits import Limits

from .exif import (
    ASCII,
    BYTE,
    EXIF,
    GPS,
    IMAGE,
    MAKER_NOTE,
    Exif,
    TagFilters,
    Value,
    append_to_tiff,
    read_exif,
)

_Tag = ExifTags.Base
_RIGHTS = frozenset({_Tag.Artist, _Tag.Copyright})
_IPTC = _Tag.IPTCNAA
_XMP = _Tag.XMLPacket
_PHOTOSHOP_IPTC = 0x0404
_IPTC_RIGHTS = {(2, 80): _Tag.Artist, (2, 116): _Tag.Copyright}
"""IIM 4.2, section 6: by-line and copyright notice, by record and number of the data set."""

_IMAGE_TAGS = _RIGHTS | {
    _Tag.DocumentName, _Tag.ImageDescription, _Tag.Make, _Tag.Model, _Tag.Software, _Tag.DateTime,
    _Tag.HostComputer, _Tag.XResolution, _Tag.YResolution, _Tag.ResolutionUnit, _Tag.Rating,
    _Tag.RatingPercent, _Tag.XPTitle, _Tag.XPComment, _Tag.XPAuthor, _Tag.XPKeywords, _Tag.XPSubject,
}  # fmt: skip
"""Listed one by one. The other tags hold a TIFF's layout, smaller copies of the picture, its orientation."""
_SUBJECT_AREA = 0x9214
_STALE = frozenset({
    _Tag.ExifImageWidth, _Tag.ExifImageHeight, _Tag.Orientation, _SUBJECT_AREA, _Tag.SubjectLocation,
    _Tag.ComponentsConfiguration, _Tag.CompressedBitsPerPixel, _Tag.ColorSpace, _Tag.Gamma,
    ExifTags.IFD.Interop,
})  # fmt: skip
"""Tags that hold for the source's pixels alone. The directory of Interop names a colour space (DCF 2.0)."""

_FILTERS: Mapping[MetadataLevel, TagFilters] = {
    "copyright": {
        IMAGE: lambda tag: tag in _RIGHTS or tag == _IPTC,
    },
    "keep": {
        IMAGE: lambda tag: tag in _IMAGE_TAGS or tag == _IPTC,
        EXIF: lambda tag: tag not in _STALE,
        GPS: lambda tag: True,
    },
}

_STALE_XMP = (
    r"(?:[\w.-]+:(?:Orientation|ImageWidth|ImageLength|PixelXDimension|PixelYDimension|ColorSpace|ICCProfile)"
    r"|xmpGImg:image)"
)
_STALE_PROPERTY = re.compile(
    rf"""\s{_STALE_XMP}\s*=\s*(?:"[^"]*"|'[^']*')|<({_STALE_XMP})\b[^<>]*>[^<]*</\1\s*>"""
)
"""XMP writes a property as an attribute or as an element (ISO 16684-1, 7.9.2.2)."""

_MAX_SEGMENT_BYTES = 65_533
_EXIF_PREFIX = b"Exif\0\0"
_XMP_PREFIX = b"http://ns.adobe.com/xap/1.0/\0"


@dataclass(frozen=True)
class Metadata:
    exif: Exif = field(default_factory=Exif)
    xmp: bytes = b""


def read_metadata(
    image: ImageFile.ImageFile,
    source: Path,
    level: MetadataLevel,
    limits: Limits,
) -> Metadata:
    """Return the metadata that `level` lets through.

    Call it after the pixels have been read: a PNG may hold metadata behind them."""
    filters = _FILTERS.get(level)
    if filters is None:
        return Metadata()
    exif = _read_exif(image, source, filters, limits)
    xmp = _read_xmp(image, limits) if level == "keep" else b""
    return Metadata(_with_rights(exif, image), xmp)


def as_options(metadata: Metadata) -> dict[str, Any]:
    return {"exif": metadata.exif.to_bytes(), "xmp": metadata.xmp}


def as_png_options(metadata: Metadata) -> dict[str, Any]:
    text = PngInfo()
    if metadata.xmp:
        text.add_itxt("XML:com.adobe.xmp", metadata.xmp)
    return {"exif": metadata.exif.to_bytes(), "pnginfo": text}


def as_jpeg_options(metadata: Metadata) -> dict[str, Any]:
    """A segment holds at most 64 KB. Leave longer metadata out, the maker note first."""
    exif = b""
    for candidate in (metadata.exif, metadata.exif.without(MAKER_NOTE)):
        segment = _EXIF_PREFIX + candidate.to_bytes()
        if len(segment) <= _MAX_SEGMENT_BYTES:
            exif = b"" if candidate.is_empty else segment
            break
    has_room_for_xmp = len(_XMP_PREFIX + metadata.xmp) <= _MAX_SEGMENT_BYTES
    return {
        "exif": exif,
        "xmp": metadata.xmp if has_room_for_xmp else b"",
    }


def append_metadata(tiff: BytesIO, metadata: Metadata) -> None:
    exif = metadata.exif
    if metadata.xmp:
        xmp = Value(BYTE, metadata.xmp)
        exif = exif.with_image(exif.image | {int(_XMP): xmp})
    if not exif.is_empty:
        append_to_tiff(tiff, exif)


def _read_exif(
    image: ImageFile.ImageFile,
    source: Path,
    filters: TagFilters,
    limits: Limits,
) -> Exif:
    try:
        with _open_exif(image, source) as file:
            return read_exif(
                file,
                filters,
                max_bytes=limits.max_metadata_bytes,
                start=_shown_directory(image),
            )
    except ValueError:
        return Exif()


def _shown_directory(image: ImageFile.ImageFile) -> int | None:
    """Return the offset of the directory of the page that is shown, if the image is a TIFF."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return None
    offset = image.tag_v2.offset
    return offset if isinstance(offset, int) else None


def _open_exif(image: ImageFile.ImageFile, source: Path) -> IO[bytes]:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return source.open("rb")
    exif = image.info.get("exif")
    if not isinstance(exif, bytes):
        return BytesIO(b"")
    return BytesIO(exif.removeprefix(_EXIF_PREFIX))


def _with_rights(exif: Exif, image: ImageFile.ImageFile) -> Exif:
    """Add the author and the rights from IPTC if EXIF does not name them."""
    values = dict(exif.image)
    iptc = values.pop(_IPTC, Value(BYTE, b"")).content
    photoshop = image.info.get("photoshop")
    if isinstance(photoshop, dict):
        iptc = photoshop.get(_PHOTOSHOP_IPTC, iptc)
    for tag, text in _read_iptc_rights(iptc).items():
        exif_text = values.get(tag, Value(ASCII, b"")).content
        if not exif_text.strip(b"\0 "):
            values[tag] = Value(ASCII, text + b"\0")
    return exif.with_image(values)


def _read_iptc_rights(iptc: bytes) -> dict[int, bytes]:
    """Read the data sets.

    They follow one another, each behind a head of five bytes (IIM 4.2, section 1.6)."""
    texts_by_tag: dict[int, list[bytes]] = {}
    position = 0
    while position + 5 <= len(iptc) and iptc[position] == 0x1C:
        record = iptc[position + 1]
        data_set = iptc[position + 2]
        size = int.from_bytes(iptc[position + 3 : position + 5])
        end = position + 5 + size
        tag = _IPTC_RIGHTS.get((record, data_set))
        text = _as_utf8(iptc[position + 5 : end].strip(b"\0 "))
        if tag and text:
            texts_by_tag.setdefault(tag, []).append(text)
        position = end
    return {tag: b"; ".join(texts) for tag, texts in texts_by_tag.items()}


def _as_utf8(text: bytes) -> bytes:
    try:
        text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1").encode()
    return text


def _read_xmp(image: ImageFile.ImageFile, limits: Limits) -> bytes:
    """Return the XMP without the properties that hold for the source's pixels alone.

    Return nothing if an orientation is still named: no viewer may turn the picture a second time."""
    xmp = image.info.get("xmp")
    if not isinstance(xmp, bytes) or len(xmp) > limits.max_metadata_bytes:
        return b""
    try:
        text = xmp.rstrip(b"\0").decode()
    except UnicodeDecodeError:
        return b""
    text = _STALE_PROPERTY.sub("", text)
    if ":Orientation" in text or "\0" in text:
        return b""
    return text.encode()
