"""The C libraries inside Pillow's wheels, for the calls that Pillow has no function for."""

import ctypes
from functools import cache
from pathlib import Path

import PIL

_PLACES = (
    "pillow.libs/{name}-*.so*",
    "PIL/.dylibs/{name}.*.dylib",
)
"""The libraries' places in the wheels, beside the package: Linux, macOS."""


@cache
def find_library(name: str) -> ctypes.CDLL | None:
    """Return a library such as "libtiff", the same one that Pillow uses; None if Pillow came without it."""
    folder = Path(PIL.__path__[0]).parent
    for place in _PLACES:
        for path in sorted(folder.glob(place.format(name=name))):
            return ctypes.CDLL(str(path))
    return None
