"""The database's connections, where a request has other work to wait for."""

from django.db import connection


def release_connection() -> None:
    """Give this thread's connection back to the pool: nothing that waits for pixels or storage keeps one."""
    if not connection.in_atomic_block:
        connection.close()
