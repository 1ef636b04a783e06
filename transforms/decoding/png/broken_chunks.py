"""PNGs with a damaged chunk that the picture does not need.

Pillow refuses a file with a wrong checksum anywhere but in its pixels. libpng, and with it browsers, drop an
ancillary chunk whose checksum is wrong (PNG, third edition, 13.1). The frames of an animation are ancillary,
too, but an animation without them would be another one."""

from collections.abc import Iterator
from io import BytesIO
from typing import IO

from progimage.errors import UnprocessableImage
from transforms.containers.chunks import CHECKSUM_BYTES, Chunk, checksum, read_with_checksum, walk_chunks
from transforms.decoding.failures import DAMAGED

_IS_ANCILLARY = 0x20
"""The bit of a small letter, in the first letter of the kind (5.4)."""
_FRAMES = frozenset({b"acTL", b"fcTL", b"fdAT"})


def without_broken_chunks(file: IO[bytes]) -> IO[bytes]:
    """Return a PNG without the ancillary chunks whose checksums are wrong; the same file if all are right.

    Raise UnprocessableImage for more chunks than a picture has."""
    broken = list(_find_broken(file, is_ancillary=True))
    file.seek(0)
    if not broken:
        return file
    kept = BytesIO()
    for chunk in broken:
        kept.write(file.read(chunk.head_start - file.tell()))
        file.seek(chunk.end)
    kept.write(file.read())
    file.seek(0)
    kept.seek(0)
    return kept


def check_critical_chunks(file: IO[bytes]) -> None:
    """Raise UnprocessableImage if the checksum of a chunk that the picture needs is wrong.

    Pillow does not look at the checksums of pixels. A byte that was changed on the way then shows as wrong
    colours, and no error."""
    if any(_find_broken(file, is_ancillary=False)):
        raise UnprocessableImage(DAMAGED)


def _find_broken(file: IO[bytes], *, is_ancillary: bool) -> Iterator[Chunk]:
    """Yield the whole chunks of one kind whose checksums are wrong. The content of the others is not read."""
    for chunk in walk_chunks(file):
        may_be_dropped = bool(chunk.kind[0] & _IS_ANCILLARY) and chunk.kind not in _FRAMES
        if may_be_dropped != is_ancillary:
            continue
        content, found = read_with_checksum(file, chunk)
        if len(found) == CHECKSUM_BYTES and found != checksum(chunk.kind, content):
            yield chunk
