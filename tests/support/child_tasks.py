"""Functions that tests of the pool run in its children. They have a module of their own, so that a child imports little."""

import os
import resource
import stat
import sys
import threading
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, TypeVar

from progimage.errors import RangeNotSatisfiable

if TYPE_CHECKING:
    from transforms.workers.pool import RenderPool

T = TypeVar("T")


def run_task(pool: "RenderPool", function: Callable[..., T], *args: object, owner: Hashable = "") -> T:
    """Run a function in a child of the pool, in a turn of its own. Only this process calls it."""
    with pool.turn(owner) as turn:
        return turn.run(function, *args)


def spin() -> None:
    """Never return from C, where no Python handler of a signal ever runs."""
    sum(range(10**12))


def spin_in_threads() -> None:
    """Never return, with no work in the main thread."""
    thread = threading.Thread(target=spin, daemon=True)
    thread.start()
    thread.join()


def burn(cpu_s: float) -> int:
    """Use CPU time, however long that takes by the clock."""
    end_s = time.process_time() + cpu_s
    while time.process_time() < end_s:
        pass
    return os.getpid()


def nap(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def wait_for_file(path: Path) -> int:
    """End when there is a file, so that a test decides when a child is busy."""
    while not path.exists():
        time.sleep(0.01)
    return os.getpid()


def priority() -> int:
    """Return how nice this thread is: the higher, the later its turn."""
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def take(size_bytes: int) -> int:
    return len(bytearray(size_bytes))


def hoard(size_bytes: int, error: type[Exception]) -> None:
    """Fail while much is held."""
    held = bytearray(b"x") * size_bytes
    try:
        raise ValueError(len(held))
    except ValueError as reason:
        raise error("too much") from reason


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def fail_with_more_than_a_message() -> None:
    raise RangeNotSatisfiable("Expected a range inside the image", size=77)


def look_around() -> tuple[set[str], dict[str, str], bytes, int]:
    """Return the modules, the environment as Python and as the kernel have it, and the core dump's limit."""
    core, _ = resource.getrlimit(resource.RLIMIT_CORE)
    return set(sys.modules), dict(os.environ), Path("/proc/self/environ").read_bytes(), core


def return_more_than_facts() -> Path:
    return Path("/")


def fail_to_answer() -> None:
    """Answer as a child does that was taken over: by bytes that are no pickle."""
    for number in range(3, 64):
        try:
            parent = socket(fileno=number)
        except OSError:
            continue
        parent.sendall(b"\0\0\0\3abc")


def hang_up_and_nap(seconds: float) -> None:
    """Close the pipe to the parent, as a child does that was taken over, and live on."""
    for number in range(3, 64):
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                os.close(number)
    time.sleep(seconds)


def free_small_blocks(size_bytes: int) -> int:
    """Free much memory below a block that stays, and return the bytes that are resident then."""
    blocks = [bytes(4_000) for _ in range(size_bytes // 4_000)]
    _staying.append(blocks.pop())
    del blocks
    return resident_bytes()


_staying: list[bytes] = []
