"""JPEG 2000 of any depth, written without loss by the encoder of the libopenjp2 in Pillow's wheel."""

import ctypes
import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from transforms.decoding.bundled_libraries import find_library
from transforms.decoding.jp2.openjpeg import OpjImagePointer

_CODECS = {"j2k": 0, "jp2": 2}
SPACES = {None: 0, "srgb": 1, "grey": 2, "sycc": 3, "cmyk": 5}


class Plane(NamedTuple):
    """The samples of a channel, whole numbers."""

    samples: NDArray[Any]
    bits: int = 8
    is_signed: bool = False
    grid: tuple[int, int] = (1, 1)
    alpha: int = 0


class _Parameters(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_uint32)
        for name in ("dx", "dy", "width", "height", "x0", "y0", "bits", "bits_per_pixel", "is_signed")
    )


_Write = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
_Skip = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)
_Seek = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int64, ctypes.c_void_p)


def jp2(planes: Sequence[Plane], *, space: str | None = None, codec_name: str = "jp2") -> bytes:
    """Return a JPEG 2000 of at least 32 x 32 px; the first plane has the image's size."""
    library: Any = find_library("libopenjp2")
    library.opj_image_create.restype = OpjImagePointer
    library.opj_create_compress.restype = ctypes.c_void_p
    library.opj_stream_create.restype = ctypes.c_void_p
    height, width = planes[0].samples.shape
    sizes = (_Parameters * len(planes))()
    for size, plane in zip(sizes, planes, strict=True):
        size.dx, size.dy = plane.grid
        size.height, size.width = plane.samples.shape
        size.bits = size.bits_per_pixel = plane.bits
        size.is_signed = plane.is_signed
    image = library.opj_image_create(len(planes), sizes, SPACES[space])
    image.contents.x1, image.contents.y1 = width, height
    for index, plane in enumerate(planes):
        component = image.contents.components[index]
        component.alpha = plane.alpha
        samples = np.ascontiguousarray(plane.samples, dtype=np.int32)
        ctypes.memmove(component.samples, samples.ctypes.data, samples.nbytes)
    file = io.BytesIO()

    def write(source: int, count: int, _: int) -> int:
        return file.write(ctypes.string_at(source, count))

    def skip(count: int, _: int) -> int:
        file.seek(count, io.SEEK_CUR)
        return count

    def seek(position: int, _: int) -> int:
        file.seek(position)
        return 1

    write_callback, skip_callback, seek_callback = _Write(write), _Skip(skip), _Seek(seek)
    stream = ctypes.c_void_p(library.opj_stream_create(ctypes.c_size_t(1 << 20), 0))
    library.opj_stream_set_write_function(stream, write_callback)
    library.opj_stream_set_skip_function(stream, skip_callback)
    library.opj_stream_set_seek_function(stream, seek_callback)
    codec = ctypes.c_void_p(library.opj_create_compress(_CODECS[codec_name]))
    parameters = ctypes.create_string_buffer(65_536)
    library.opj_set_default_encoder_parameters(parameters)
    assert library.opj_setup_encoder(codec, parameters, image)
    assert library.opj_start_compress(codec, image, stream)
    assert library.opj_encode(codec, stream)
    assert library.opj_end_compress(codec, stream)
    library.opj_stream_destroy(stream)
    library.opj_destroy_codec(codec)
    library.opj_image_destroy(image)
    return file.getvalue()


def with_palette(content: bytes, colors: Sequence[Sequence[int]], bits: int) -> bytes:
    """Return a JP2 of one channel whose samples number the `colors`."""
    form = ">u2" if bits > 8 else "u1"
    columns = len(colors[0])
    entries = np.array(colors, dtype=form).tobytes()
    palette = len(colors).to_bytes(2) + bytes([columns, *[bits - 1] * columns]) + entries
    mapping = b"".join(b"\0\0\1" + bytes([column]) for column in range(columns))
    return with_header_boxes(content, box(b"pclr", palette) + box(b"cmap", mapping))


def with_definitions(content: bytes, definitions: Sequence[tuple[int, int, int]]) -> bytes:
    """Return a JP2 that says of channels their type and the colour that they are."""
    entries = b"".join(number.to_bytes(2) for definition in definitions for number in definition)
    return with_header_boxes(content, box(b"cdef", len(definitions).to_bytes(2) + entries))


def with_header_boxes(content: bytes, boxes: bytes) -> bytes:
    start = content.index(b"jp2h") - 4
    size = int.from_bytes(content[start : start + 4])
    header = content[start + 8 : start + size] + boxes
    return content[:start] + box(b"jp2h", header) + content[start + size :]


def box(kind: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4) + kind + content
