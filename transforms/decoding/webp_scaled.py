"""A still WebP decoded at a fraction of its size, by libwebp itself in less than half the time.

Pillow cannot ask libwebp for that, but its wheels contain the library. This module
calls the same library by the structures of its decode.h (decoder ABI 0x02xx, libwebp
0.5 to 1.6). If it is not found, all pixels are decoded."""

import ctypes

from PIL import Image

from transforms.geometry import Size

from .bundled_libraries import find_library

_ABI = 0x0209
_RGB = 0


class _Features(ctypes.Structure):
    _fields_ = (
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("has_alpha", ctypes.c_int),
        ("has_animation", ctypes.c_int),
        ("format", ctypes.c_int),
        ("pad", ctypes.c_uint32 * 5),
    )


class _Rgba(ctypes.Structure):
    _fields_ = (
        ("pixels", ctypes.c_void_p),
        ("stride", ctypes.c_int),
        ("size", ctypes.c_size_t),
    )


class _Yuva(ctypes.Structure):
    _fields_ = (
        ("planes", ctypes.c_void_p * 4),
        ("strides", ctypes.c_int * 4),
        ("sizes", ctypes.c_size_t * 4),
    )


class _Planes(ctypes.Union):
    _fields_ = (
        ("rgba", _Rgba),
        ("yuva", _Yuva),
    )


class _Buffer(ctypes.Structure):
    _fields_ = (
        ("colorspace", ctypes.c_int),
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("is_external_memory", ctypes.c_int),
        ("planes", _Planes),
        ("pad", ctypes.c_uint32 * 4),
        ("private_memory", ctypes.c_void_p),
    )


class _Options(ctypes.Structure):
    _fields_ = (
        ("bypass_filtering", ctypes.c_int),
        ("no_fancy_upsampling", ctypes.c_int),
        ("use_cropping", ctypes.c_int),
        ("crop_left", ctypes.c_int),
        ("crop_top", ctypes.c_int),
        ("crop_width", ctypes.c_int),
        ("crop_height", ctypes.c_int),
        ("use_scaling", ctypes.c_int),
        ("scaled_width", ctypes.c_int),
        ("scaled_height", ctypes.c_int),
        ("use_threads", ctypes.c_int),
        ("dithering_strength", ctypes.c_int),
        ("flip", ctypes.c_int),
        ("alpha_dithering_strength", ctypes.c_int),
        ("pad", ctypes.c_uint32 * 5),
    )


class _Config(ctypes.Structure):
    _fields_ = (
        ("input", _Features),
        ("output", _Buffer),
        ("options", _Options),
    )


def decode_scaled(content: bytes, size: Size) -> Image.Image | None:
    """Return an opaque image at `size`; None if this libwebp or this file does not allow it."""
    library = find_library("libwebp")
    config = _Config()
    if library is None or not library.WebPInitDecoderConfigInternal(ctypes.byref(config), _ABI):
        return None
    pixels = bytearray(size.pixels * 3)
    memory = (ctypes.c_char * len(pixels)).from_buffer(pixels)
    config.options.use_scaling = 1
    config.options.scaled_width = size.width
    config.options.scaled_height = size.height
    config.output.colorspace = _RGB
    config.output.is_external_memory = 1
    address = ctypes.addressof(memory)
    row_bytes = size.width * 3
    config.output.planes.rgba = _Rgba(address, row_bytes, len(pixels))
    content_bytes = ctypes.c_size_t(len(content))
    status = library.WebPDecode(content, content_bytes, ctypes.byref(config))
    if status:
        return None
    return Image.frombytes("RGB", size, pixels)
