"""The module that the forkserver imports once, before it forks the rendering children.

No other module imports it.

A child inherits the engine, already imported, no secrets and no main module. Without this module
multiprocessing would import the parent's main module, and Django with it, in every child."""

import ctypes
import gc
import os
import signal
from importlib import import_module
from multiprocessing import spawn


def _forget_environment() -> None:
    """Overwrite the block that the kernel shows as /proc/<pid>/environ, which os.environ.clear() leaves."""
    libc = ctypes.CDLL(None)
    block = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, "environ")
    addresses = ctypes.cast(block, ctypes.POINTER(ctypes.c_void_p))
    index = 0
    while address := addresses[index]:
        ctypes.memset(address, 0, len(ctypes.string_at(address)))
        index += 1
    os.environ.clear()


def _import_no_main(name_or_path: str) -> None:
    pass


# Ctrl-C in a terminal reaches this process, too. Its parent says what has happened, and ends it.
signal.signal(signal.SIGINT, signal.SIG_IGN)
import_module("transforms.received")  # and the engine
for name in ("_fixup_main_from_name", "_fixup_main_from_path"):
    setattr(spawn, name, _import_no_main)
_forget_environment()

# A collection in a child would write to every object, and copy the pages that all children share.
gc.collect()
gc.freeze()
