"""Files that are not written by Pillow, and the metadata that they hold."""

import zlib
from dataclasses import replace
from io import BytesIO
from struct import pack

from PIL import Image

from transforms.containers.chunks import SIGNATURE, as_chunk
from transforms.formats.metadata import Metadata
from transforms.formats.table import Format
from transforms.stripping import restore_metadata

_PNG_COLORS = {"L": 0, "RGB": 2, "RGBA": 6}
_MAX_MEMORY_LEVEL = 9
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


def unfiltered_png(image: Image.Image, level: int) -> bytes:
    """Return a PNG of eight bits a channel whose rows have no filter, which Pillow cannot write.

    It packs few colours better: the differences of neighbours are many more."""
    row_bytes = image.width * len(image.getbands())
    pixels = image.tobytes()
    starts = range(0, len(pixels), row_bytes)
    rows = b"".join(b"\0" + pixels[start : start + row_bytes] for start in starts)
    packer = zlib.compressobj(level, memLevel=_MAX_MEMORY_LEVEL)
    stream = packer.compress(rows) + packer.flush()
    head = pack(">IIBBBBB", *image.size, 8, _PNG_COLORS[image.mode], 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", stream), (b"IEND", b""))
    return SIGNATURE + b"".join(as_chunk(*chunk) for chunk in chunks)
