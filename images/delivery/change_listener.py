"""The thread of a web process that listens to Postgres for changes.

It has a connection of its own, outside of the pool. Every second it sends a notification and waits for it.
Postgres delivers them in the order of their commits, so by then it has heard of every earlier change.
Memories may be used for _TRUSTED_S from the moment at which the last one was sent. So their use ends by
itself if the connection is half dead, or if the thread does not come to work.

A pooler with pooled transactions, such as PgBouncer, takes LISTEN and then delivers nothing. So first a
notification from a second connection must arrive. DATABASE_LISTEN_URL can lead past such a pooler."""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection as django_connection

from images.database import reason_of

from .invalidation import Changes, changes

log = logging.getLogger("progimage.memory")

CHANNEL = "progimage_changes"
_PROBE = "probe:"
_PROBE_EVERY_S = 1.0
_TRUSTED_S = 4.0
_ANSWER_S = 3.0
"""In this time Postgres answers a statement or delivers a probe. Otherwise the connection is made anew."""
_MIN_PAUSE_S = 0.5
_MAX_PAUSE_S = 15.0
_DEAF_PAUSE_S = 60.0
"""Before another try, if a pooler delivers no notifications."""


class DeafConnectionError(Exception):
    """A notification did not arrive, although Postgres has answered."""


class _Connection(psycopg.Connection[Any]):
    """A connection that waits no longer than _ANSWER_S for the response to a statement."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        return super().wait(gen, interval, _ANSWER_S if timeout is None else timeout)


class ChangeListener:
    """Listens for the changes of this process's memories. `start` is called again and again."""

    def __init__(self, heard: Changes) -> None:
        self._heard = heard
        self._clear()

    def _clear(self) -> None:
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._name = token_hex(8)
        self._pause_s = _MIN_PAUSE_S
        self._is_failing = False

    def start(self) -> None:
        """Start the thread, unless this process has one."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="change-listener", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread and its connection. Nothing is remembered from then on."""
        thread = self._thread
        self._stopped.set()
        if thread is not None:
            thread.join()
        self._clear()

    def forget_parent(self) -> None:
        """Begin anew in a forked process, which has no thread."""
        self._clear()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._listen()
            except DeafConnectionError:
                self._note_failure(
                    "no notifications arrive, as behind a pooler: set DATABASE_LISTEN_URL to the address of "
                    "Postgres itself; until then nothing is answered from memory"
                )
                self._pause_s = _DEAF_PAUSE_S
            except psycopg.Error as error:
                self._note_failure(f"the connection for notifications is away ({reason_of(error)})")
            except Exception:
                log.exception("the connection for notifications has failed")
            finally:
                self._heard.lose()
            self._stopped.wait(self._pause_s)
            self._pause_s = min(2 * self._pause_s, _MAX_PAUSE_S)

    def _note_failure(self, reason: str) -> None:
        """Log the first failure since it last worked."""
        if not self._is_failing:
            log.warning(reason)
        self._is_failing = True

    def _listen(self) -> None:
        with _connect() as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            with _connect() as other:
                probe = self._probe(other)
            self._hear_until_probe(connection, probe)
            while not self._stopped.is_set():
                sent_at_s = time.monotonic()
                probe = self._probe(connection)
                self._hear_until_probe(connection, probe)
                self._heard.hear_until(sent_at_s + _TRUSTED_S)
                self._note_success()
                self._hear(connection, _PROBE_EVERY_S)
                self._heard.drop_expired()

    def _note_success(self) -> None:
        if self._is_failing:
            log.warning("notifications arrive again")
        self._is_failing = False
        self._pause_s = _MIN_PAUSE_S

    def _probe(self, connection: _Connection) -> str:
        """Send a notification that only this process waits for, and return its payload."""
        payload = f"{_PROBE}{self._name}:{token_hex(4)}"
        connection.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])
        return payload

    def _hear_until_probe(self, connection: _Connection, probe: str) -> None:
        deadline_s = time.monotonic() + _ANSWER_S
        while probe not in self._hear(connection, 0.1, stop_after=1):
            if time.monotonic() > deadline_s:
                raise DeafConnectionError

    def _hear(self, connection: _Connection, seconds: float, stop_after: int | None = None) -> list[str]:
        """Drop what notifications name that arrive within some seconds, and return the payloads of probes."""
        probes = []
        for notification in connection.notifies(timeout=seconds, stop_after=stop_after):
            if notification.payload.startswith(_PROBE):
                probes.append(notification.payload)
            else:
                self._heard.forget([notification.payload])
        return probes


@contextmanager
def _connect() -> Iterator[_Connection]:
    """Connect as Django does, or to DATABASE_LISTEN_URL. Close the connection afterwards."""
    if settings.DATABASE_LISTEN_URL:
        connection = _Connection.connect(
            settings.DATABASE_LISTEN_URL, autocommit=True, connect_timeout=int(_ANSWER_S)
        )
    else:
        parameters = django_connection.get_connection_params()
        connection = _Connection.connect(**parameters | {"autocommit": True})
    try:
        yield connection
    finally:
        connection.close()


listener = ChangeListener(changes)
"""That of this process."""

os.register_at_fork(after_in_child=listener.forget_parent)
