"""The database's connections, where a request has other work to wait for."""

import time

from django.db import connection


def release_connection() -> None:
    """Give this thread's connection back to the pool: nothing that waits for pixels or storage keeps one."""
    if not connection.in_atomic_block:
        connection.close()


def sleep_without_connection(pause_s: float) -> None:
    """Wait for another thread's work without a database connection."""
    release_connection()
    time.sleep(pause_s)
