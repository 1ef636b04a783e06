"""Return this thread's database connection to the pool before slow work.

The pool has fewer connections than a process has threads. A thread that keeps one while it renders, stores or
downloads makes other requests wait."""

import time

from django.db import DEFAULT_DB_ALIAS, Error, connections

from .database_failures import detail_of, explain


def release_connection() -> None:
    """Return this thread's connection to the pool. Inside a transaction, do nothing."""
    # A request calls this often. To find this thread's connection takes longer than all the rest.
    current = connections[DEFAULT_DB_ALIAS]
    if current.connection is not None and not current.in_atomic_block:
        current.close()


def sleep_without_connection(pause_s: float) -> None:
    """Sleep without a database connection. Loops that wait for another request's work call this."""
    release_connection()
    time.sleep(pause_s)


def reason_of(error: Exception) -> str:
    """Return an outage as one line for the log. A traceback would not tell its cause."""
    if isinstance(error, Error):
        return f"{explain(error)}: {detail_of(error)}"
    first_line = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first_line}"
