"""Which page of a TIFF is the picture. The first one may be a reduced copy, as in DNG, NEF and some scans.

Source: TIFF 6.0, NewSubfileType; Adobe's TIFF technical note 1, SubIFDs."""

from collections.abc import Iterator
from typing import IO, Any, Literal, NamedTuple

from PIL import TiffImagePlugin

_NEW_SUBFILE_TYPE = 254
_OLD_SUBFILE_TYPE = 255
_SUB_DIRECTORIES = 330
_PHOTOMETRIC = 262
_SIZE = (256, 257)
_REDUCED = 1
_NO_PICTURE = 4 | 8
"""A mask; a depth map (DNG 1.6)."""
_MASK_PHOTOMETRIC = 4
_OLD_REDUCED = 2
_MAX_PAGES = 32
_BIG_MAGIC = 43
_BIG_HEAD_BYTES = 16
_COUNT_BYTES = 8
_MAX_TAGS = 65_535
"""As many as a directory of a TIFF that is not big can have."""
_MAX_OFFSET = 2**63
_CR2_HEAD = b"II*\0\x10\0\0\0CR\2"


class Page(NamedTuple):
    """A directory. `has_pixels` is false for one of another kind, or a broken one."""

    offset: int
    has_pixels: bool
    is_reduced: bool

    @property
    def is_picture(self) -> bool:
        return self.has_pixels and not self.is_reduced


def find_page(file: IO[bytes], tags: TiffImagePlugin.ImageFileDirectory_v2) -> int:
    """Return the offset of the directory of the first full picture. `tags` are those of the first page.

    If there is none, return that of the first page that is no mask."""
    first = _page(tags)
    if first.is_picture:
        return first.offset
    pages = list(_pages(file, tags))
    candidates = [page for page in pages if page.is_picture] or [page for page in pages if page.has_pixels]
    return candidates[0].offset if candidates else first.offset


def is_canon_raw(file: IO[bytes]) -> bool:
    """Whether it is a CR2, whose first page is a reduced copy that does not say so."""
    file.seek(0)
    return file.read(len(_CR2_HEAD)) == _CR2_HEAD


def _pages(file: IO[bytes], tags: TiffImagePlugin.ImageFileDirectory_v2) -> Iterator[Page]:
    """Yield the first page, those inside of it, and those that follow."""
    seen = {tags.offset}
    yield _page(tags)
    pending = [*_sub_directories(tags), tags.next]
    while pending and len(seen) < _MAX_PAGES:
        offset = pending.pop(0)
        if offset in seen or not offset:
            continue
        seen.add(offset)
        following = _find(file, offset)
        if following is None:
            continue
        yield _page(following)
        pending += [*_sub_directories(following), following.next]


def load_directory(file: IO[bytes], offset: int | None = None) -> TiffImagePlugin.ImageFileDirectory_v2:
    """Read the tags of the directory at that offset, by default of the first. Raise SyntaxError, ValueError,
    OSError or struct.error if they are broken."""
    file.seek(0)
    head = file.read(_BIG_HEAD_BYTES)
    is_big = _BIG_MAGIC in head[2:4]
    directory = TiffImagePlugin.ImageFileDirectory_v2(prefix=head[:2])
    # Pillow takes a BigTIFF of big-endian order for a small one
    directory._bigtiff = is_big  # noqa: SLF001
    order: Literal["little", "big"] = "little" if head.startswith(b"II") else "big"
    if offset is None:
        offset = int.from_bytes(head[8:] if is_big else head[4:8], order)
    if offset >= _MAX_OFFSET:
        raise ValueError("Expected a directory inside of the file")
    file.seek(offset)
    if is_big and int.from_bytes(file.read(_COUNT_BYTES), order) > _MAX_TAGS:
        raise ValueError(f"Expected at most {_MAX_TAGS:,} tags")
    file.seek(offset)
    directory.load(file)
    return directory


def _find(file: IO[bytes], offset: int) -> TiffImagePlugin.ImageFileDirectory_v2 | None:
    """Return the tags of the directory at that offset; None if they are broken."""
    try:
        return load_directory(file, offset)
    except Exception:  # noqa: BLE001  the parser of untrusted bytes may raise anything
        return None


def _page(tags: TiffImagePlugin.ImageFileDirectory_v2) -> Page:
    kind = _number(tags, _NEW_SUBFILE_TYPE)
    is_reduced = bool(kind & _REDUCED) or _number(tags, _OLD_SUBFILE_TYPE) == _OLD_REDUCED
    is_mask = bool(kind & _NO_PICTURE) or _number(tags, _PHOTOMETRIC) == _MASK_PHOTOMETRIC
    has_size = all(_number(tags, tag) > 0 for tag in _SIZE)
    return Page(tags.offset, has_size and not is_mask, is_reduced)


def _number(tags: Any, tag: int) -> int:
    value = tags.get(tag, 0)
    return value if isinstance(value, int) else 0


def _sub_directories(tags: TiffImagePlugin.ImageFileDirectory_v2) -> list[int]:
    value = tags.get(_SUB_DIRECTORIES, ())
    offsets = value if isinstance(value, tuple) else (value,)
    return [offset for offset in offsets[:_MAX_PAGES] if isinstance(offset, int)]
