"""The samples of a JPEG 2000 as whole numbers, by libopenjp2 itself.

Pillow reduces them to 8 bits by its own rounding, which wraps white to black above 8 bits and does not
reach white below 8. This module calls the library in Pillow's wheel by the structures of its openjpeg.h,
2.3 to 2.5."""

import ctypes
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from struct import unpack_from
from typing import IO, Any, NamedTuple

from PIL import Image

from transforms.decoding.bundled_libraries import find_library

_VERSION = re.compile(rb"2\.[345]\.")
_CODESTREAM = b"\xff\x4f\xff\x51"
_CODESTREAM_CODEC = 0
_JP2_CODEC = 2
_PARAMETER_BYTES = 16_384
"""More than opj_dparameters_t has. The library fills it in."""
_BUFFER_BYTES = 1 << 20
_TILE_PART = b"\xff\x90"
_TILE_HEAD_BYTES = 12
_END = ctypes.c_size_t(-1).value


class Channel(NamedTuple):
    """One component. `grid` is the px of the image per sample, across and down; `samples` has mode I.

    `alpha` is 1 for opacity, 2 for opacity that the colours are multiplied with, else 0."""

    samples: Image.Image
    bits: int
    is_signed: bool
    grid: tuple[int, int]
    offset: tuple[int, int]
    alpha: int


class OpjComponent(ctypes.Structure):
    _fields_ = (
        ("dx", ctypes.c_uint32),
        ("dy", ctypes.c_uint32),
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("x0", ctypes.c_uint32),
        ("y0", ctypes.c_uint32),
        ("bits", ctypes.c_uint32),
        ("bits_per_pixel", ctypes.c_uint32),
        ("is_signed", ctypes.c_uint32),
        ("decoded_resolution", ctypes.c_uint32),
        ("factor", ctypes.c_uint32),
        ("samples", ctypes.c_void_p),
        ("alpha", ctypes.c_uint16),
    )


class OpjImage(ctypes.Structure):
    _fields_ = (
        ("x0", ctypes.c_uint32),
        ("y0", ctypes.c_uint32),
        ("x1", ctypes.c_uint32),
        ("y1", ctypes.c_uint32),
        ("component_count", ctypes.c_uint32),
        ("color_space", ctypes.c_int),
        ("components", ctypes.POINTER(OpjComponent)),
    )


OpjImagePointer = ctypes.POINTER(OpjImage)
_Read = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
_Skip = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)
_Seek = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int64, ctypes.c_void_p)


def is_available() -> bool:
    """Whether the library is there, and its structures are those of this module."""
    return _library() is not None


def read_channels(file: IO[bytes]) -> list[Channel]:
    """Decode the channels of a JP2 or a bare codestream in their order, with its palette applied.

    Raise OSError if the file is damaged."""
    library = _library()
    if library is None:
        raise OSError("libopenjp2 is missing")
    file.seek(0)
    content = file.read()
    codec = _CODESTREAM_CODEC if content.startswith(_CODESTREAM) else _JP2_CODEC
    with _decoded(library, BytesIO(content), codec) as image:
        corner = (image.x0, image.y0)
        return [_as_channel(image.components[index], corner) for index in range(image.component_count)]


def has_all_tiles(content: bytes, start: int) -> bool:
    """Whether each tile of the codestream that begins at `start` has a part (ISO/IEC 15444-1, A.4.2).

    The library fills up missing tiles with black or grey. A file that broke off between tiles looks so."""
    right, bottom, _, _, width, height, left, top = unpack_from(">8I", content, start + 8)
    count = -(-(right - left) // width) * -(-(bottom - top) // height)
    place = start + 2
    while (marker := content[place : place + 2]) != _TILE_PART:
        if not marker:
            return False
        # those from 0x30 to 0x3f have no length
        is_lone = 0x30 <= marker[-1] <= 0x3F
        place += 2 if is_lone else 2 + int.from_bytes(content[place + 2 : place + 4])
    found = set()
    while content[place : place + 2] == _TILE_PART:
        _, number, size = unpack_from(">HHI", content, place + 2)
        found.add(number)
        if size < _TILE_HEAD_BYTES:
            # the part reaches to the end
            break
        place += size
    return bool(len(found) >= count)


def _as_channel(component: OpjComponent, corner: tuple[int, int]) -> Channel:
    size = (component.width, component.height)
    if not component.samples:
        raise OSError("A component has no samples")
    count = component.width * component.height
    samples = (ctypes.c_int32 * count).from_address(component.samples)
    grid = (component.dx, component.dy)
    return Channel(
        samples=Image.frombytes("I", size, memoryview(samples).cast("B")),
        bits=component.bits,
        is_signed=bool(component.is_signed),
        grid=grid,
        offset=(component.x0 * grid[0] - corner[0], component.y0 * grid[1] - corner[1]),
        alpha=component.alpha,
    )


@contextmanager
def _decoded(library: Any, content: BytesIO, codec_number: int) -> Iterator[OpjImage]:
    """Decode all tiles. Free all memory at the end."""
    image = OpjImagePointer()
    parameters = ctypes.create_string_buffer(_PARAMETER_BYTES)
    with ExitStack() as stack:
        codec = ctypes.c_void_p(library.opj_create_decompress(codec_number))
        stack.callback(library.opj_destroy_codec, codec)
        stream = stack.enter_context(_stream(library, content))
        stack.callback(lambda: library.opj_image_destroy(image))
        library.opj_set_default_decoder_parameters(parameters)
        is_decoded = (
            library.opj_setup_decoder(codec, parameters)
            and library.opj_read_header(stream, codec, ctypes.byref(image))
            and library.opj_decode(codec, stream, image)
            and library.opj_end_decompress(codec, stream)
        )
        if not is_decoded:
            raise OSError("libopenjp2 cannot decode it")
        yield image.contents


@contextmanager
def _stream(library: Any, content: BytesIO) -> Iterator[ctypes.c_void_p]:
    size = content.getbuffer().nbytes

    def read(target: int, count: int, _: int) -> int:
        block = content.read(count)
        ctypes.memmove(target, block, len(block))
        return len(block) or _END

    def skip(count: int, _: int) -> int:
        start = content.tell()
        end = min(max(start + count, 0), size)
        content.seek(end)
        return end - start if end - start == count else -1

    def seek(position: int, _: int) -> int:
        is_inside = 0 <= position <= size
        if is_inside:
            content.seek(position)
        return int(is_inside)

    # they live as long as the stream does
    read_callback = _Read(read)
    skip_callback = _Skip(skip)
    seek_callback = _Seek(seek)
    stream = ctypes.c_void_p(library.opj_stream_create(_BUFFER_BYTES, 1))
    library.opj_stream_set_read_function(stream, read_callback)
    library.opj_stream_set_skip_function(stream, skip_callback)
    library.opj_stream_set_seek_function(stream, seek_callback)
    library.opj_stream_set_user_data_length(stream, ctypes.c_uint64(size))
    library.opj_stream_set_user_data(stream, None, None)
    try:
        yield stream
    finally:
        library.opj_stream_destroy(stream)


def _library() -> Any:
    library = find_library("libopenjp2")
    if library is None:
        return None
    library.opj_version.restype = ctypes.c_char_p
    if not _VERSION.match(library.opj_version()):
        return None
    library.opj_create_decompress.restype = ctypes.c_void_p
    library.opj_stream_create.restype = ctypes.c_void_p
    library.opj_stream_create.argtypes = (ctypes.c_size_t, ctypes.c_int)
    return library
