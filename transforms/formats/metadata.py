"""What a result says beside its pixels: nothing, who made it and under what rights, or what its source says.

Metadata that are broken, or larger than the limits, are left out; they never fail a render."""

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

from .exif import ASCII, BYTE, EXIF, GPS, IMAGE, MAKER_NOTE, Exif, Value, Wanted, append_to_tiff, read_exif

_Tag = ExifTags.Base
_RIGHTS = frozenset({_Tag.Artist, _Tag.Copyright})
_IPTC, _XMP = _Tag.IPTCNAA, _Tag.XMLPacket
_PHOTOSHOP_IPTC = 0x0404
_IPTC_RIGHTS = {(2, 80): _Tag.Artist, (2, 116): _Tag.Copyright}
"""IIM 4.2, section 6: by-line and copyright notice, by record and number of the data set."""

_IMAGE_TAGS = _RIGHTS | {
    _Tag.DocumentName, _Tag.ImageDescription, _Tag.Make, _Tag.Model, _Tag.Software, _Tag.DateTime,
    _Tag.HostComputer, _Tag.XResolution, _Tag.YResolution, _Tag.ResolutionUnit, _Tag.Rating,
    _Tag.RatingPercent, _Tag.XPTitle, _Tag.XPComment, _Tag.XPAuthor, _Tag.XPKeywords, _Tag.XPSubject,
}  # fmt: skip
"""Named one by one: among the others are a TIFF's layout, smaller copies of the picture, its orientation."""
_SUBJECT_AREA = 0x9214
_STALE = frozenset({
    _Tag.ExifImageWidth, _Tag.ExifImageHeight, _Tag.Orientation, _SUBJECT_AREA, _Tag.SubjectLocation,
    _Tag.ComponentsConfiguration, _Tag.CompressedBitsPerPixel, _Tag.ColorSpace, _Tag.Gamma,
    ExifTags.IFD.Interop,
})  # fmt: skip
"""What is true of the source's pixels alone. The directory of Interop names a colour space (DCF 2.0)."""

_WANTED: Mapping[MetadataLevel, Wanted] = {
    "copyright": {IMAGE: (_RIGHTS | {_IPTC}).__contains__},
    "keep": {
        IMAGE: (_IMAGE_TAGS | {_IPTC}).__contains__,
        EXIF: lambda tag: tag not in _STALE,
        GPS: lambda _: True,
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
_EXIF_PREFIX, _XMP_PREFIX = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"


@dataclass(frozen=True)
class Metadata:
    exif: Exif = field(default_factory=Exif)
    xmp: bytes = b""


def read_metadata(image: ImageFile.ImageFile, source: Path, level: MetadataLevel, limits: Limits) -> Metadata:
    """Return what `level` lets through. The pixels have been read: a PNG may say it behind them."""
    wanted = _WANTED.get(level)
    if wanted is None:
        return Metadata()
    exif = _read_exif(image, source, wanted, limits)
    return Metadata(_with_rights(exif, image), _read_xmp(image, limits) if level == "keep" else b"")


def as_options(metadata: Metadata) -> dict[str, Any]:
    return {"exif": metadata.exif.to_bytes(), "xmp": metadata.xmp}


def as_png_options(metadata: Metadata) -> dict[str, Any]:
    text = PngInfo()
    if metadata.xmp:
        text.add_itxt("XML:com.adobe.xmp", metadata.xmp)
    return {"exif": metadata.exif.to_bytes(), "pnginfo": text}


def as_jpeg_options(metadata: Metadata) -> dict[str, Any]:
    """A segment holds no more than 64 KB: what is longer is left out, the maker note first."""
    whole = (metadata.exif.to_bytes(), metadata.exif.without(MAKER_NOTE).to_bytes())
    exif = next((exif for exif in whole if len(_EXIF_PREFIX + exif) <= _MAX_SEGMENT_BYTES), b"")
    has_room = len(_XMP_PREFIX + metadata.xmp) <= _MAX_SEGMENT_BYTES
    return {"exif": _EXIF_PREFIX + exif if exif else b"", "xmp": metadata.xmp if has_room else b""}


def append_metadata(tiff: BytesIO, metadata: Metadata) -> None:
    xmp = {int(_XMP): Value(BYTE, metadata.xmp)} if metadata.xmp else {}
    exif = metadata.exif.with_image(metadata.exif.image | xmp)
    if not exif.is_empty:
        append_to_tiff(tiff, exif)


def _read_exif(image: ImageFile.ImageFile, source: Path, wanted: Wanted, limits: Limits) -> Exif:
    try:
        with _open_exif(image, source) as file:
            return read_exif(file, wanted, max_bytes=limits.max_metadata_bytes)
    except ValueError:
        return Exif()


def _open_exif(image: ImageFile.ImageFile, source: Path) -> IO[bytes]:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return source.open("rb")
    exif = image.info.get("exif")
    return BytesIO(exif.removeprefix(_EXIF_PREFIX) if isinstance(exif, bytes) else b"")


def _with_rights(exif: Exif, image: ImageFile.ImageFile) -> Exif:
    """Take from IPTC who made the image, and its rights, where EXIF does not say it."""
    values = dict(exif.image)
    iptc = values.pop(_IPTC, Value(BYTE, b"")).content
    photoshop = image.info.get("photoshop")
    if isinstance(photoshop, dict):
        iptc = photoshop.get(_PHOTOSHOP_IPTC, iptc)
    for tag, text in _read_iptc_rights(iptc).items():
        if not values.get(tag, Value(ASCII, b"")).content.strip(b"\0 "):
            values[tag] = Value(ASCII, text + b"\0")
    return exif.with_image(values)


def _read_iptc_rights(iptc: bytes) -> dict[int, bytes]:
    """IIM 4.2, section 1.6: data sets follow one another, each behind a head of five bytes."""
    found: dict[int, list[bytes]] = {}
    at = 0
    while at + 5 <= len(iptc) and iptc[at] == 0x1C:
        tag = _IPTC_RIGHTS.get((iptc[at + 1], iptc[at + 2]))
        end = at + 5 + int.from_bytes(iptc[at + 3 : at + 5])
        text = _as_utf8(iptc[at + 5 : end].strip(b"\0 "))
        if tag and text:
            found.setdefault(tag, []).append(text)
        at = end
    return {tag: b"; ".join(texts) for tag, texts in found.items()}


def _as_utf8(text: bytes) -> bytes:
    try:
        text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1").encode()
    return text


def _read_xmp(image: ImageFile.ImageFile, limits: Limits) -> bytes:
    """Return XMP without what is true of the source alone. Where an orientation is still named, nothing: the
    picture must not be turned a second time."""
    xmp = image.info.get("xmp")
    if not isinstance(xmp, bytes) or len(xmp) > limits.max_metadata_bytes:
        return b""
    try:
        text = _STALE_PROPERTY.sub("", xmp.rstrip(b"\0").decode())
    except UnicodeDecodeError:
        return b""
    return b"" if ":Orientation" in text or "\0" in text else text.encode()
