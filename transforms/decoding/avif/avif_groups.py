"""AVIFs whose items form a pyramid: the same picture in several sizes (ISO/IEC 23008-12, 6.8.11).

libavif 1.4 refuses the whole file, because it takes the sizes of tiles behind the group's items for damage.
The picture is the primary item all the same."""

from io import BytesIO
from typing import IO

from transforms.containers.boxes import FULL_BOX_BYTES, boxes, find, find_in_file

_MAX_META_BYTES = 8_000_000
_GROUPS = b"grpl"
_PYRAMID = b"pymd"
_PASSED_OVER = b"free"


def without_pyramid(file: IO[bytes]) -> IO[bytes]:
    """Return an AVIF whose groups are passed over if one is a pyramid; else the same file."""
    meta = find_in_file(file, b"meta", _MAX_META_BYTES) or b""
    groups = find(meta, _GROUPS, start=FULL_BOX_BYTES) or b""
    if not any(box.kind == _PYRAMID for box in boxes(groups)):
        return file
    file.seek(0)
    content = bytearray(file.read())
    file.seek(0)
    place = content.index(_GROUPS + groups, content.index(meta))
    content[place : place + len(_GROUPS)] = _PASSED_OVER
    return BytesIO(content)
