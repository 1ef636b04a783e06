"""The inside of a rendering child: its limits, and one task at a time."""

import ctypes
import gc
import os
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from socket import socket
from threading import Lock, Thread, get_native_id
from typing import Any, TypeVar

from PIL import Image

from progimage.errors import UnprocessableImage

from . import pipe
from .answers import dump, load_task, portable

T = TypeVar("T")

_ALARM_S = 1.0
"""The time after the deadline at which a child ends itself. The parent may be dead."""
_IDLE_S = 1.0
"""A child with no task for so long gives memory back. In a burst of tasks the next one uses it again."""
_MAX_KEPT_BLOCK_BYTES = 32 << 20
"""Larger than Pillow's blocks of 16 MB, which hold its images."""
_NEVER_TRIMMED_BYTES = 1 << 30
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
"""Options of mallopt (glibc, malloc.h)."""
_NICENESS = 5
"""A third of the processor if a render wants all of it, too. It is not much less: a client waits for a
validation as well, and its time by the clock is bounded."""

_errands: SimpleQueue[tuple[Callable[..., object], tuple[object, ...], SimpleQueue[tuple[bool, Any]]]] = (
    SimpleQueue()
)
_low_thread: Thread | None = None
_low_lock = Lock()


@dataclass(frozen=True, kw_only=True)
class ChildLimits:
    max_memory_bytes: int
    max_output_bytes: int
    max_tasks: int


def confine(max_memory_bytes: int, max_output_bytes: int) -> None:
    """Limit the memory and the output of this process. Memory counts on top of an idle child's."""
    # no handler in Python, which would wait for the end of a call into C, stands in the way of these
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    limits = {
        resource.RLIMIT_AS: _mapped_bytes() + max_memory_bytes,
        resource.RLIMIT_FSIZE: max_output_bytes,
        resource.RLIMIT_CORE: 0,
    }
    for resource_id, max_bytes in limits.items():
        resource.setrlimit(resource_id, (max_bytes, max_bytes))


def serve(parent: socket, limits: ChildLimits) -> None:
    """Do the tasks that the parent sends, until it closes its end or the last one is done."""
    confine(limits.max_memory_bytes, limits.max_output_bytes)
    keep_freed_memory()
    with parent, suppress(pipe.PipeClosed):
        for remaining in reversed(range(limits.max_tasks)):
            message = _wait_for_task(parent)
            pipe.send(parent, _answer(message, is_last=not remaining))
            del message


def keep_freed_memory() -> None:
    """Let malloc keep freed memory for the next image, until `_wait_for_task` gives it back.

    The kernel clears each page that it gives. At 2 megapixels that took 4 of 18 CPU ms of a thumbnail."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_MMAP_THRESHOLD, _MAX_KEPT_BLOCK_BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, _NEVER_TRIMMED_BYTES)


def _wait_for_task(parent: socket) -> bytes:
    """Return the next task. Give memory back to the kernel if none comes soon."""
    if not pipe.comes_within(parent, _IDLE_S):
        _trim_memory()
    return pipe.receive(parent)


def _trim_memory() -> None:
    """Let go of the memory that Pillow and malloc keep for the next image."""
    gc.collect()
    Image.core.clear_cache()  # type: ignore[attr-defined]
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


def _answer(message: bytes, *, is_last: bool) -> bytes:
    """Do one task, and return its result or its error for the parent."""
    try:
        function, args, limits = load_task(message)
        result = run(function, args, **limits)
        return dump((result, False, is_last))
    except Exception as error:  # noqa: BLE001  # the parent raises it
        return dump((portable(error), True, is_last))


def run(
    function: Callable[..., T],
    args: tuple[object, ...],
    *,
    cpu_s: float,
    wall_s: float,
) -> T:
    """Do one task. A signal ends this process after `cpu_s` of CPU time, also amid a call into C.

    SIGPROF counts the time of all threads, in user and in kernel mode. It is the same on a busy machine and
    an idle one, so the parent may blame the image for it. SIGALRM ends a child whose parent is dead."""
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    signal.setitimer(signal.ITIMER_REAL, wall_s + _ALARM_S)
    try:
        return function(*args)
    except MemoryError as error:
        raise UnprocessableImage("The image needs more memory than a render may take") from error
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def give_way(function: Callable[..., T], *args: object) -> T:
    """Call `function` with a lower priority than other children have.

    It runs in a thread of its own. On Linux a thread has its own priority, and may lower it alone."""
    outcome: SimpleQueue[tuple[bool, Any]] = SimpleQueue()
    _start_low_thread()
    _errands.put((function, args, outcome))
    is_error, value = outcome.get()
    if is_error:
        raise value
    result: T = value
    return result


def _start_low_thread() -> None:
    """Start the thread with the lower priority, once in this process. A fork leaves it behind."""
    global _low_thread  # noqa: PLW0603
    with _low_lock:
        if _low_thread is None or not _low_thread.is_alive():
            _low_thread = Thread(target=_run_errands, daemon=True)
            _low_thread.start()


def _run_errands() -> None:
    _lower_priority()
    while True:
        _run_errand(*_errands.get())


def _run_errand(
    function: Callable[..., object],
    args: tuple[object, ...],
    outcome: SimpleQueue[tuple[bool, Any]],
) -> None:
    try:
        outcome.put((False, function(*args)))
    except BaseException as error:  # noqa: BLE001  # the thread that waits raises it
        outcome.put((True, error))


def _lower_priority() -> None:
    if sys.platform == "linux":
        # The process itself may have a low priority already, and nobody may raise it again.
        own = os.getpriority(os.PRIO_PROCESS, get_native_id())
        os.setpriority(os.PRIO_PROCESS, get_native_id(), own + _NICENESS)


def _mapped_bytes() -> int:
    statistics = Path("/proc/self/statm").read_text()
    mapped_pages = int(statistics.split()[0])
    return mapped_pages * os.sysconf("SC_PAGE_SIZE")
