"""A session of Postgres that hears of changes, as web servers do."""

from collections.abc import Iterator
from contextlib import contextmanager

from images.delivery.change_listener import CHANNEL
from tests.support.sessions import connect


class Heard:
    """The payloads that have been heard since the last look."""

    def __init__(self) -> None:
        self._connection = connect()
        self._connection.autocommit = True
        self._connection.execute(f"LISTEN {CHANNEL}")

    def take(self) -> list[str]:
        """Return the payloads so far. One that this session sends is the last of those committed before."""
        self._connection.execute("SELECT pg_notify(%s, 'end')", [CHANNEL])
        payloads: list[str] = []
        while "end" not in payloads:
            payloads += [heard.payload for heard in self._connection.notifies(timeout=5, stop_after=1)]
        return [payload for payload in payloads if payload != "end" and not payload.startswith("probe:")]

    def close(self) -> None:
        self._connection.close()


@contextmanager
def hearing() -> Iterator[Heard]:
    heard = Heard()
    try:
        yield heard
    finally:
        heard.close()
