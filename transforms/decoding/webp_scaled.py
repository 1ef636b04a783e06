"""A still WebP at a fraction of its size, as libwebp itself decodes it in less than half the time.

Pillow cannot ask for that, but brings libwebp along: the same library is called here, by the structures
of its decode.h (decoder ABI 0x02xx, libwebp 0.5 to 1.6). Where it is not found all is decoded."""

import ctypes
from functools import cache
from pathlib import Path

import PIL
from PIL import Image

from transforms.geometry import Size

_ABI = 0x0209
_RGB = 0
_PLACES = ("pillow.libs/libwebp-*.so*", "PIL/.dylibs/libwebp.*.dylib")
"""Where Pillow's wheels have it, beside the package: Linux, macOS."""


class _Features(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int) for name in ("width", "height", "has_alpha", "has_animation", "format")),
        ("pad", ctypes.c_uint32 * 5),
    )


class _Rgba(ctypes.Structure):
    _fields_ = (("pixels", ctypes.c_void_p), ("stride", ctypes.c_int), ("size", ctypes.c_size_t))


class _Yuva(ctypes.Structure):
    _fields_ = (
        ("planes", ctypes.c_void_p * 4),
        ("strides", ctypes.c_int * 4),
        ("sizes", ctypes.c_size_t * 4),
    )


class _Planes(ctypes.Union):
    _fields_ = (("rgba", _Rgba), ("yuva", _Yuva))


class _Buffer(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int) for name in ("colorspace", "width", "height", "is_external_memory")),
        ("planes", _Planes),
        ("pad", ctypes.c_uint32 * 4),
        ("private_memory", ctypes.c_void_p),
    )


class _Options(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int) for name in ("bypass_filtering", "no_fancy_upsampling", "use_cropping")),
        *((f"crop_{name}", ctypes.c_int) for name in ("left", "top", "width", "height")),
        *((name, ctypes.c_int) for name in ("use_scaling", "scaled_width", "scaled_height", "use_threads")),
        *((name, ctypes.c_int) for name in ("dithering_strength", "flip", "alpha_dithering_strength")),
        ("pad", ctypes.c_uint32 * 5),
    )


class _Config(ctypes.Structure):
    _fields_ = (("input", _Features), ("output", _Buffer), ("options", _Options))


def decode_scaled(content: bytes, size: Size) -> Image.Image | None:
    """Return an opaque image at `size`; None where this libwebp or this file does not allow it."""
    library, config = _library(), _Config()
    if library is None or not library.WebPInitDecoderConfigInternal(ctypes.byref(config), _ABI):
        return None
    pixels = bytearray(size.pixels * 3)
    address = ctypes.addressof((ctypes.c_char * len(pixels)).from_buffer(pixels))
    config.options.use_scaling = 1
    config.options.scaled_width, config.options.scaled_height = size
    config.output.colorspace, config.output.is_external_memory = _RGB, 1
    config.output.planes.rgba = _Rgba(address, size.width * 3, len(pixels))
    if library.WebPDecode(content, ctypes.c_size_t(len(content)), ctypes.byref(config)):
        return None
    return Image.frombytes("RGB", size, pixels)


@cache
def _library() -> ctypes.CDLL | None:
    folder = Path(PIL.__path__[0]).parent
    found = (path for place in _PLACES for path in sorted(folder.glob(place)))
    return next((ctypes.CDLL(str(path)) for path in found), None)
