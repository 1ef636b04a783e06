"""Files that are not written by Pillow, and the metadata that they hold."""

from collections.abc import Iterable
from dataclasses import replace
from io import BytesIO
from struct import pack

from PIL import Image

from transforms.containers.chunks import SIGNATURE, as_chunk
from transforms.formats.metadata import Metadata
from transforms.formats.table import Format
from transforms.stripping import restore_metadata

_PNG_COLORS = {"L": 0, "LA": 4, "RGB": 2, "RGBA": 6}
_PNG_END = as_chunk(b"IEND", b"")
_NO_METADATA = Metadata()


def put_metadata(
    bare: bytes,
    format: Format,
    metadata: Metadata,
    *,
    is_lean: bool = False,
) -> bytes | None:
    """Return a file with the metadata that a result of one pixel has; None if it has no room for them.

    With `is_lean` EXIF leaves out the rights that XMP says, and the density if the format has a field of its
    own for it."""
    if metadata == _NO_METADATA or not format.holds_metadata:
        return bare
    if is_lean:
        metadata = metadata.as_lean
    options = format.embed(metadata) if format.embed else {}
    if is_lean and format.embed and "dpi" in options:
        options["exif"] = format.embed(replace(metadata, density=None))["exif"]
    donor = BytesIO()
    Image.new("RGB", (1, 1)).save(donor, format.pillow, **options)
    if format.append:
        format.append(donor, metadata)
    return restore_metadata(bare, format.name, donor.getvalue())


def png_of(
    image: Image.Image,
    packed_rows: Iterable[bytes],
    format: Format,
    metadata: Metadata,
) -> bytes:
    """Return a PNG of eight bits a channel of rows that `pack_rows` packs. Pillow cannot write these.

    The metadata are put into a file without rows: a large one is not copied."""
    head = pack(">IIBBBBB", *image.size, 8, _PNG_COLORS[image.mode], 0, 0, 0)
    described = put_metadata(SIGNATURE + as_chunk(b"IHDR", head) + _PNG_END, format, metadata)
    if described is None:
        raise ValueError("Expected metadata that a PNG can hold")
    file = BytesIO()
    file.write(described.removesuffix(_PNG_END))
    for part in packed_rows:
        file.write(as_chunk(b"IDAT", part))
    file.write(_PNG_END)
    return file.getvalue()
