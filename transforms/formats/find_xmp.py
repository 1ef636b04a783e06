"""The packet of XMP of an opened image, also in formats in which Pillow does not look for it.

Source: XMP part 3, 1.1.2 (GIF) and 1.1.5 (JPEG 2000)."""

from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import ImageFile

from transforms.containers.boxes import boxes

_GIF_START = b"!\xff\x0bXMP DataXMP"
_GIF_TRAILER = b"\x01\xff\xfe\xfd"
"""The packet is no sequence of blocks: its bytes count as lengths, and 258 bytes lead a reader to the end."""
_JP2_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def read_packet(
    image: ImageFile.ImageFile,
    source: Path,
    max_bytes: int,
) -> bytes:
    """Return the packet; nothing if there is none of at most `max_bytes`."""
    find = _FIND.get(image.format or "")
    packet = find(source.read_bytes(), max_bytes) if find else image.info.get("xmp")
    return packet if isinstance(packet, bytes) and len(packet) <= max_bytes else b""


def find_in_gif(content: bytes, max_bytes: int) -> bytes:
    start = content.find(_GIF_START)
    if start < 0:
        return b""
    start += len(_GIF_START)
    end = content.find(_GIF_TRAILER, start, start + max_bytes + len(_GIF_TRAILER))
    return content[start:end] if end >= 0 else b""


def find_in_jp2(content: bytes, max_bytes: int) -> bytes:
    """Return the content of XMP's box."""
    for box in boxes(content):
        if box.kind == b"uuid" and box.content.startswith(_JP2_UUID):
            packet = box.content.removeprefix(_JP2_UUID)
            return packet if len(packet) <= max_bytes else b""
    return b""


_FIND: Mapping[str, Callable[[bytes, int], bytes]] = {
    "GIF": find_in_gif,
    "JPEG2000": find_in_jp2,
}
"""By Pillow's names of formats."""
