"""Waits for an effect of another thread or process, with an end."""

import time
from collections.abc import Callable


def wait_until(is_so: Callable[[], bool], *, within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_so()
