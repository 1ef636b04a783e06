"""The inside of a rendering child: its limits, and one task at a time."""

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
"""The time after the deadline at which a child ends itself. The parent may be dead."""
_NICENESS = 5
"""A third of the processor if a render wants all of it, too. It is not much less: a client waits for a
validation as well, and its time by the clock is bounded."""


def confine(max_memory_bytes: int, max_output_bytes: int) -> None:
    """Limit the memory and the output of this process. Memory counts on top of an idle child's."""
    # pebble's own handler would wait for the end of a call into C before the process ends
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # nor does a handler of the parent's stand in the way of the timers in `run`
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    limits = {
        resource.RLIMIT_AS: _mapped_bytes() + max_memory_bytes,
        resource.RLIMIT_FSIZE: max_output_bytes,
        resource.RLIMIT_CORE: 0,
    }
    for resource_id, max_bytes in limits.items():
        resource.setrlimit(resource_id, (max_bytes, max_bytes))


def run(
    function: Callable[..., T],
    args: tuple[object, ...],
    *,
    start_by: float,
    cpu_s: float,
    wall_s: float,
) -> T:
    """Do one task. A signal ends this process after `cpu_s` of CPU time, also amid a call into C.

    SIGPROF counts the time of all threads, in user and in kernel mode. It is the same on a busy machine and
    an idle one, so the parent may blame the image for it. SIGALRM ends a child whose parent is dead.

    Raise Unavailable after `start_by`, on the monotonic clock, when nobody waits for it any more."""
    if monotonic() > start_by:
        raise Unavailable("Every renderer is busy, and none became free in time")
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    signal.setitimer(signal.ITIMER_REAL, wall_s + _ALARM_S)
    try:
        return function(*args)
    except MemoryError:
        failure: ProgImageError = UnprocessableImage("The image needs more memory than a render may take")
    except ProgImageError as error:
        failure = error
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
    # a traceback would keep every image of its frames until the next task has ended
    failure.__traceback__ = None
    failure.__cause__ = None
    failure.__context__ = None
    raise failure


def give_way(function: Callable[..., T], *args: object) -> T:
    """Call `function` with a lower priority than other children have.

    It runs in a thread of its own. On Linux a thread has its own priority, and may lower it alone."""
    with ThreadPoolExecutor(1, initializer=_lower_priority) as thread:
        return thread.submit(function, *args).result()


def _lower_priority() -> None:
    if sys.platform == "linux":
        # The process itself may have a low priority already, and nobody may raise it again.
        own = os.getpriority(os.PRIO_PROCESS, get_native_id())
        os.setpriority(os.PRIO_PROCESS, get_native_id(), own + _NICENESS)


def _mapped_bytes() -> int:
    statistics = Path("/proc/self/statm").read_text()
    mapped_pages = int(statistics.split()[0])
    return mapped_pages * os.sysconf("SC_PAGE_SIZE")
