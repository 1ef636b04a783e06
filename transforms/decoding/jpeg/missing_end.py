"""JPEGs that lack nothing but their end marker: some cameras and downloads leave it out.

libjpeg decodes such a file, and any that breaks off earlier, once the marker is appended: it fills up with
grey. So the marker is appended only if every block of every scan has been found."""

from io import SEEK_END, BytesIO
from typing import IO

from .jpeg_blocks import are_blocks_complete
from .jpeg_structure import find_frame, read_broken_off

_END = b"\xff\xd9"


def with_end(file: IO[bytes], max_pixels: int) -> IO[bytes]:
    """Return a JPEG with the end marker that alone it lacks; any other file as it is."""
    size = file.seek(0, SEEK_END)
    file.seek(max(0, size - len(_END)))
    has_end = file.read() == _END
    file.seek(0)
    frame = None if has_end else find_frame(file)
    if frame is None or frame.size.pixels > max_pixels:
        return file
    content = file.read()
    file.seek(0)
    segments = read_broken_off(content)
    if not segments or not are_blocks_complete(segments):
        return file
    return BytesIO(content.rstrip(b"\xff") + _END)
