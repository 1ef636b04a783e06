"""Metadata of a result: none, its author and rights, or all metadata of its source that still hold.

Metadata that are broken or larger than the limits are left out. They never fail a render."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from PIL import ExifTags, ImageFile, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo

from progimage.operations import MetadataLevel
from transforms.geometry import UNCHANGED, Changes
from transforms.limits import Limits

from .big_tiff import read_tiff
from .density import Density, read_density, with_density
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
)
from .find_exif import find_exif
from .find_xmp import read_packet
from .iptc import read_iptc_rights
from .stale_xmp import without_stale
from .xmp import parse_xmp
from .xmp_rights import Rights, read_rights, without_wrapper

_Tag = ExifTags.Base
_RIGHTS = frozenset({_Tag.Artist, _Tag.Copyright})
_ORIENTATION = _Tag.Orientation
_MOVED = range(2, 9)
_TURNED = range(5, 9)
_IPTC = _Tag.IPTCNAA
_XMP = _Tag.XMLPacket
_PHOTOSHOP_IPTC = 0x0404

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
        IMAGE: lambda tag: tag in _IMAGE_TAGS or tag in (_IPTC, _ORIENTATION),
        EXIF: lambda tag: tag not in _STALE,
        GPS: lambda tag: True,
    },
}

_MAX_SEGMENT_BYTES = 65_533
_EXIF_PREFIX = b"Exif\0\0"
_XMP_PREFIX = b"http://ns.adobe.com/xap/1.0/\0"
MAX_XMP_BYTES = _MAX_SEGMENT_BYTES - len(_XMP_PREFIX)
"""In a JPEG."""


@dataclass(frozen=True)
class Metadata:
    exif: Exif = field(default_factory=Exif)
    """Without a density."""
    xmp: bytes = b""
    short_xmp: bytes = b""
    """The rights alone, for a format that cannot hold all of the XMP."""
    density: Density | None = None
    lean_exif: Exif = field(default_factory=Exif)
    """EXIF without a density, and without the rights that the XMP says as well."""

    @property
    def as_lean(self) -> "Metadata":
        """The same metadata in fewer bytes."""
        return replace(self, exif=self.lean_exif, xmp=without_wrapper(self.xmp))

    @property
    def whole_exif(self) -> Exif:
        return with_density(self.exif, self.density)

    @property
    def added_exif(self) -> Exif:
        """EXIF beside a format's own field of the density. It is none for the sake of the density alone."""
        return self.exif if self.exif.is_empty else self.whole_exif


def read_metadata(
    image: ImageFile.ImageFile,
    source: Path,
    level: MetadataLevel,
    limits: Limits,
    changes: Changes = UNCHANGED,
) -> Metadata:
    """Return the metadata that `level` lets through and that hold for the changed picture.

    Call it after the pixels have been read: a PNG may hold metadata behind them."""
    filters = _FILTERS.get(level)
    if filters is None:
        return Metadata()
    exif = _read_exif(image, source, filters, limits)
    xmp = read_packet(image, source, limits.max_metadata_bytes)
    packet = parse_xmp(xmp) if xmp else None
    rights = read_rights(packet) if packet else Rights()
    named = _with_rights(exif, image, rights)
    lean = _with_rights(exif, image, Rights())
    if level == "copyright":
        return Metadata(named, rights.packet, lean_exif=lean)
    changes = _with_stored_turn(changes, image, named)
    density = read_density(image, named)
    if changes.is_cut:
        # it holds copies of the picture, and places in it
        named = named.without(MAKER_NOTE)
        lean = lean.without(MAKER_NOTE)
    return Metadata(
        with_density(named.without(_ORIENTATION), None),
        without_stale(packet, changes) if packet else b"",
        rights.packet,
        density.after(changes) if density else None,
        with_density(lean.without(_ORIENTATION), None),
    )


def as_options(metadata: Metadata) -> dict[str, Any]:
    return {"exif": metadata.whole_exif.to_bytes(), "xmp": metadata.xmp}


def as_png_options(metadata: Metadata) -> dict[str, Any]:
    text = PngInfo()
    if metadata.xmp:
        text.add_itxt("XML:com.adobe.xmp", metadata.xmp)
    return {"exif": metadata.added_exif.to_bytes(), "pnginfo": text} | _density_options(metadata)


def as_jpeg_options(metadata: Metadata) -> dict[str, Any]:
    """A segment holds at most 64 KB. Leave longer metadata out, the maker note first."""
    exif = b""
    for candidate in (metadata.added_exif, metadata.added_exif.without(MAKER_NOTE)):
        segment = _EXIF_PREFIX + candidate.to_bytes()
        if len(segment) <= _MAX_SEGMENT_BYTES:
            exif = b"" if candidate.is_empty else segment
            break
    fits = len(metadata.xmp) <= MAX_XMP_BYTES
    return {
        "exif": exif,
        "xmp": metadata.xmp if fits else metadata.short_xmp,
    } | _density_options(metadata)


def append_metadata(tiff: BytesIO, metadata: Metadata) -> None:
    exif = metadata.whole_exif
    if metadata.xmp:
        xmp = Value(BYTE, metadata.xmp)
        exif = exif.with_image(exif.image | {int(_XMP): xmp})
    if not exif.is_empty:
        append_to_tiff(tiff, exif)


def _density_options(metadata: Metadata) -> dict[str, Any]:
    return {"dpi": metadata.density.as_dpi()} if metadata.density else {}


def _with_stored_turn(
    changes: Changes,
    image: ImageFile.ImageFile,
    exif: Exif,
) -> Changes:
    """Add the orientation of a TIFF. Its decoder has applied it, so that the plan knows nothing of it."""
    value = exif.image.get(_ORIENTATION)
    if value is None or not isinstance(image, TiffImagePlugin.TiffImageFile):
        return changes
    orientation = int.from_bytes(value.content[:2], exif.order)
    return changes._replace(
        is_moved=changes.is_moved or orientation in _MOVED,
        swaps_sides=changes.swaps_sides != (orientation in _TURNED),
    )


def _read_exif(
    image: ImageFile.ImageFile,
    source: Path,
    filters: TagFilters,
    limits: Limits,
) -> Exif:
    try:
        with _open_exif(image, source) as file:
            max_bytes = limits.max_metadata_bytes
            return read_tiff(file, filters, max_bytes=max_bytes, start=_shown_directory(image))
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
    return BytesIO(find_exif(image).removeprefix(_EXIF_PREFIX))


def _with_rights(
    exif: Exif,
    image: ImageFile.ImageFile,
    rights: Rights,
) -> Exif:
    """Add the author and the rights from IPTC, or else from XMP, if EXIF does not name them."""
    values = dict(exif.image)
    iptc = values.pop(_IPTC, Value(BYTE, b"")).content
    photoshop = image.info.get("photoshop")
    if isinstance(photoshop, dict):
        iptc = photoshop.get(_PHOTOSHOP_IPTC, iptc)
    texts = {
        int(_Tag.Artist): rights.creator.encode(),
        int(_Tag.Copyright): rights.notice.encode(),
    } | read_iptc_rights(iptc)
    for tag, text in texts.items():
        exif_text = values.get(tag, Value(ASCII, b"")).content
        if text and not exif_text.strip(b"\0 "):
            values[tag] = Value(ASCII, text + b"\0")
    return exif.with_image(values)
