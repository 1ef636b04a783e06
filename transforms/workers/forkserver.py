"""Imported once by the server that forks the rendering children, and by nothing else.

What stands here is what a child inherits: the engine already imported, no secrets, and no main module.
Otherwise multiprocessing imports the parent's main module in every child, and with it Django."""

import ctypes
import os
from multiprocessing import spawn

from transforms import engine  # noqa: F401  imported once, for every child


def _forget_environment() -> None:
    """Overwrite the block that the kernel shows as /proc/<pid>/environ, which os.environ.clear() leaves."""
    block = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
    addresses = ctypes.cast(block, ctypes.POINTER(ctypes.c_void_p))
    index = 0
    while address := addresses[index]:
        ctypes.memset(address, 0, len(ctypes.string_at(address)))
        index += 1
    os.environ.clear()


def _import_no_main(_: str) -> None:
    pass


for name in ("_fixup_main_from_name", "_fixup_main_from_path"):
    setattr(spawn, name, _import_no_main)
_forget_environment()
