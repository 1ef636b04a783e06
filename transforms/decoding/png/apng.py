"""Animated PNGs (PNG third edition, 4.9 and 11.3.6), frame by frame.

Pillow composes them with errors: it takes the alpha of an OVER frame twice, and PREVIOUS brings back a canvas
that it has drawn on (findings/apng_frame_depends_on_looking.sh). So Pillow decodes each frame as a still PNG
here, and frame_canvas.py draws them."""

import zlib
from collections.abc import Iterator
from fractions import Fraction
from struct import Struct, pack, unpack_from
from typing import IO, NamedTuple

from progimage.errors import UnprocessableImage
from transforms.containers.chunks import SIGNATURE, Chunk, as_chunk, read_content, walk_chunks
from transforms.decoding.frame_canvas import Corners, Disposal, ShownFrame, StoredFrame, check_areas, compose
from transforms.geometry import Size
from transforms.limits import Limits

from .png_transparency import PngImage

_SEQUENCE_BYTES = 4
_FRAME_CONTROL = Struct(">IIIIHHBB")
"""Of fcTL, behind the sequence number."""
_HEADER_BYTES = 13
_COLOR_TYPE_AT = 9
_MAX_FRAMES = 2**31
_GRAY_COLOR_TYPES = (0, 4)
_DEFAULT_DENOMINATOR = 100
_DISPOSALS = (Disposal.KEEP, Disposal.CLEAR, Disposal.RESTORE)
_BLENDS = (False, True)
_SHARED = frozenset({b"PLTE", b"tRNS"})
_METADATA = frozenset({b"eXIf", b"iTXt", b"tEXt", b"zTXt"})
_USED = _SHARED | {b"IHDR", b"fcTL", b"fdAT", b"IDAT"}
_BROKEN = "The parts of the animated PNG are damaged, incomplete or out of order"


class AnimationControl(NamedTuple):
    """The facts of an animation. It plays `plays` times; 0 is for ever."""

    frames: int
    plays: int
    has_default_image: bool
    """Whether the file begins with a picture that is no part of the animation."""


class _Control(NamedTuple):
    """The content of fcTL behind the sequence number."""

    corners: Corners
    duration_ms: Fraction
    disposal: Disposal
    is_blended: bool


def find_control(file: IO[bytes]) -> AnimationControl | None:
    """Return the facts of the animation; None for a still PNG. Leave the file at its place.

    A PNG without a frame, or with an invalid number of frames, is still."""
    place = file.tell()
    try:
        return _find_control(file)
    finally:
        file.seek(place)


def read_animation(
    file: IO[bytes],
    count: int,
    limits: Limits,
) -> Iterator[ShownFrame]:
    """Yield the first `count` frames.

    Raise UnprocessableImage if parts of the animation are damaged, missing or out of order."""
    reader = _Reader(count)
    for chunk in walk_chunks(file):
        if reader.is_done_before(chunk):
            break
        if chunk.kind in _USED:
            reader.take(chunk.kind, read_content(file, chunk))
    frames = reader.finish()
    check_areas(frames, limits)
    return compose(frames, reader.size, PngImage, is_gray=reader.is_gray)


def find_late_metadata(file: IO[bytes]) -> bytes | None:
    """Return the metadata behind the first pixels as those of a still PNG of 1 px; None if there are none."""
    has_pixels = False
    late = b""
    for chunk in walk_chunks(file):
        has_pixels = has_pixels or chunk.kind == b"IDAT"
        if has_pixels and chunk.kind in _METADATA:
            late += as_chunk(chunk.kind, read_content(file, chunk))
    if not late:
        return None
    return b"".join([SIGNATURE, as_chunk(b"IHDR", _PIXEL_HEADER), late, _PIXEL, as_chunk(b"IEND", b"")])


_PIXEL_HEADER = pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
_PIXEL = as_chunk(b"IDAT", zlib.compress(bytes(2)))


class _Reader:
    """The frames of one file, as they are collected from its chunks."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._header = b""
        self._shared = b""
        self._next_sequence = 0
        self._controls: list[_Control] = []
        self._pixels: list[list[bytes]] = []
        self._kinds: list[bytes] = []
        """Of each frame, the kind of the chunks that hold its pixels."""

    @property
    def size(self) -> Size:
        width, height = unpack_from(">II", self._header)
        return Size(width, height)

    @property
    def is_gray(self) -> bool:
        color_type = self._header[_COLOR_TYPE_AT]
        return color_type in _GRAY_COLOR_TYPES

    def is_done_before(self, chunk: Chunk) -> bool:
        return chunk.kind == b"fcTL" and len(self._controls) == self._count

    def take(self, kind: bytes, content: bytes) -> None:
        if kind == b"IHDR":
            _check(len(content) == _HEADER_BYTES and not self._header)
            self._header = content
        elif kind == b"fcTL":
            self._controls.append(_read_control(self._in_sequence(content), self.size))
            self._pixels.append([])
            self._kinds.append(b"")
        elif kind == b"fdAT":
            self._add_pixels(kind, self._in_sequence(content))
        elif kind == b"IDAT" and self._controls:
            _check(len(self._controls) == 1)
            self._add_pixels(kind, content)
        elif kind in _SHARED:
            self._shared += as_chunk(kind, content)

    def finish(self) -> list[StoredFrame]:
        _check(len(self._controls) == self._count)
        if self._controls[0].disposal is Disposal.RESTORE:
            # there is no earlier canvas
            self._controls[0] = self._controls[0]._replace(disposal=Disposal.CLEAR)
        return [
            StoredFrame(
                corners=control.corners,
                file=self._as_still(control, pixels),
                duration_ms=control.duration_ms,
                disposal=control.disposal,
                is_blended=control.is_blended,
            )
            for control, pixels in zip(self._controls, self._pixels, strict=True)
        ]

    def _in_sequence(self, content: bytes) -> bytes:
        """Return the content behind the sequence number, which has to be the next one."""
        _check(bool(self._header) and len(content) >= _SEQUENCE_BYTES)
        _check(int.from_bytes(content[:_SEQUENCE_BYTES]) == self._next_sequence)
        self._next_sequence += 1
        return content[_SEQUENCE_BYTES:]

    def _add_pixels(self, kind: bytes, content: bytes) -> None:
        _check(bool(self._controls) and self._kinds[-1] in (b"", kind))
        if kind == b"IDAT":
            # the picture that viewers without animation show has the size of the canvas
            _check(self._controls[0].corners == (0, 0, *self.size))
        self._kinds[-1] = kind
        self._pixels[-1].append(content)

    def _as_still(self, control: _Control, pixels: list[bytes]) -> bytes:
        _check(bool(pixels))
        header = pack(">II", *control.corners.size) + self._header[8:]
        parts = [
            SIGNATURE,
            as_chunk(b"IHDR", header),
            self._shared,
            as_chunk(b"IDAT", b"".join(pixels)),
            as_chunk(b"IEND", b""),
        ]
        return b"".join(parts)


def _find_control(file: IO[bytes]) -> AnimationControl | None:
    controls: list[bytes] = []
    has_pixels = False
    for chunk in walk_chunks(file):
        if chunk.kind == b"acTL" and not has_pixels:
            controls.append(file.read(8))
        elif chunk.kind == b"IDAT":
            has_pixels = True
        elif chunk.kind == b"fcTL":
            break
        if has_pixels and not controls:
            return None
    else:
        return None
    if len(controls) != 1 or len(controls[0]) < 8:
        return None
    frames, plays = unpack_from(">II", controls[0])
    if not 1 <= frames <= _MAX_FRAMES:
        return None
    return AnimationControl(frames, plays, has_pixels)


def _read_control(content: bytes, size: Size) -> _Control:
    _check(len(content) >= _FRAME_CONTROL.size)
    (
        width,
        height,
        left,
        top,
        numerator,
        denominator,
        disposal,
        blend,
    ) = _FRAME_CONTROL.unpack_from(content)
    _check(width > 0 and height > 0)
    _check(left + width <= size.width and top + height <= size.height)
    _check(disposal < len(_DISPOSALS) and blend < len(_BLENDS))
    return _Control(
        corners=Corners(left, top, left + width, top + height),
        duration_ms=Fraction(1000 * numerator, denominator or _DEFAULT_DENOMINATOR),
        disposal=_DISPOSALS[disposal],
        is_blended=_BLENDS[blend],
    )


def _check(is_sound: bool) -> None:
    if not is_sound:
        raise UnprocessableImage(_BROKEN)
