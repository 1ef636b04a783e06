"""What runs inside a rendering child: its limits, and one task at a time."""

import os
import resource
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import get_native_id
from time import monotonic
from typing import TypeVar

from progimage.errors import ProgImageError, Unavailable, UnprocessableImage

T = TypeVar("T")

_ALARM_S = 1.0
"""How long after the deadline a child ends itself: the parent may be dead."""
_POLITENESS = 5
"""A third of the processor where both sides want all of it: deadlines are of wall time, so not much less."""


def confine(max_memory_bytes: int, max_output_bytes: int) -> None:
    """Limit what this process may take. Memory counts from what an idle child has mapped already."""
    # pebble's own handler would wait for the end of a call into C before the process ends
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    limits = {
        resource.RLIMIT_AS: _mapped_bytes() + max_memory_bytes,
        resource.RLIMIT_FSIZE: max_output_bytes,
        resource.RLIMIT_CORE: 0,
    }
    for limit, most in limits.items():
        resource.setrlimit(limit, (most, most))


def run(function: Callable[..., T], args: tuple[object, ...], start_by: float, timeout_s: float) -> T:
    """Do one task, unless nobody waits for it any more (`start_by` is on the monotonic clock)."""
    if monotonic() > start_by:
        raise Unavailable("Every renderer is busy, and none became free in time")
    signal.setitimer(signal.ITIMER_REAL, timeout_s + _ALARM_S)
    try:
        return function(*args)
    except MemoryError:
        failure: ProgImageError = UnprocessableImage("The image needs more memory than a render may take")
    except ProgImageError as error:
        failure = error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    # a traceback would keep every image of its frames until the next task has ended
    failure.__traceback__ = failure.__cause__ = failure.__context__ = None
    raise failure


def give_way(function: Callable[..., T], *args: object) -> T:
    """Call `function` with a lower priority than other children have.

    In a thread, whose priority is its own on Linux: a process may lower its own but not raise it again."""
    with ThreadPoolExecutor(1, initializer=_lower_priority) as thread:
        return thread.submit(function, *args).result()


def _lower_priority() -> None:
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, get_native_id(), _POLITENESS)


def _mapped_bytes() -> int:
    pages, _, _ = Path("/proc/self/statm").read_text().partition(" ")
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
