"""Connections to Postgres for the fast path, beside those of Django.

A thread holds one for a statement alone. Postgres prepares each statement once for a connection, and plans it
once (plan_cache_mode). Behind a pooler with pooled transactions a prepared statement would be met on another
connection, or on none. Such a pooler drops the parameters of a session. So each connection looks for one of
them, and prepares nothing if it is not there.

A connection is not checked before its use, as Django's are if they were idle. If it has ended, Django answers
the request, and the pool begins anew a second later."""

import logging
import os
import time
from collections.abc import Sequence
from secrets import token_hex
from threading import Lock
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection as django_connection
from psycopg import errors
from psycopg_pool import ConnectionPool, PoolTimeout

from accounts.models.sql_rows import fetch_one
from images.database import reason_of
from progimage.errors import Unavailable

log = logging.getLogger("progimage.fast_path")

Row = tuple[Any, ...]
_SESSION = "progimage.session"
_TOKEN = token_hex(8)
_TIMEOUT_S = 0.5
"""For a connection. Django waits for another 2 s then, and answers why there is none."""
_OF_PREPARED = (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement, errors.FeatureNotSupported)
"""Errors of statements that were prepared on another connection, or before a column changed."""
_PAUSE_S = 1.0
"""After a failure, in which the fast path answers nothing."""


class DirectPool:
    """The connections of this process. They are made when the first request comes."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._lock = Lock()
        self._pool: ConnectionPool[Any] | None = None
        self._has_served = False
        self._opens_at_s = 0.0

    def fetch_row(self, statement: str, parameters: Sequence[Any]) -> Row | None:
        """Return the first row of a statement. Raise Unavailable if there is no connection that can run it.

        Raise an error of django.db if Postgres refuses the statement, for example at the end of its time."""
        pool = self._find_pool()
        if pool is None:
            raise Unavailable("The fast path has no connection")
        connection: psycopg.Connection[Any] | None = None
        try:
            with pool.connection() as connection:
                cursor = connection.execute(statement, parameters, prepare=True, binary=True)
                row: Row | None = cursor.fetchone()
        except psycopg.Error as error:
            is_good = connection is not None and not connection.closed
            if is_good and not isinstance(error, _OF_PREPARED):
                with django_connection.wrap_database_errors:
                    raise
            self._rest(pool, error)
            raise Unavailable("The fast path has no connection") from error
        self._has_served = True
        return row

    def fetch_or_ask_django(self, statement: str, parameters: Sequence[Any]) -> Row | None:
        """Return what `fetch_row` does. If the pool has no connection, Django's runs the statement.

        A statement may have been done although its connection has failed, so it must do no harm twice."""
        try:
            return self.fetch_row(statement, parameters)
        except Unavailable:
            return fetch_one(statement, parameters)

    def close(self) -> None:
        """Close the connections. The next request makes new ones."""
        with self._lock:
            pool = self._pool
            self._pool = None
            self._opens_at_s = 0.0
        if pool is not None:
            pool.close(timeout=1)

    def _find_pool(self) -> "ConnectionPool[Any] | None":
        """Return the pool; None during the pause after a failure, or if the fast path is switched off."""
        if time.monotonic() < self._opens_at_s or not settings.FAST_PATH_CONNECTIONS:
            return None
        pool = self._pool
        if pool is not None:
            return pool
        with self._lock:
            if self._pool is None:
                self._pool = _open_pool()
            return self._pool

    def _rest(self, pool: "ConnectionPool[Any]", error: Exception) -> None:
        """Begin the pause, and give a pool up whose connections have failed.

        In a crowd of requests, all connections may be in use for too long. Those are good."""
        is_busy = self._has_served and isinstance(error, PoolTimeout)
        with self._lock:
            if self._pool is not pool or time.monotonic() < self._opens_at_s:  # another thread was faster
                return
            self._opens_at_s = time.monotonic() + _PAUSE_S
            if not is_busy:
                self._pool = None
                self._has_served = False
        log.warning("Django answers for the fast path (%s)", reason_of(error))
        if not is_busy:
            pool.close(timeout=0)


def _open_pool() -> "ConnectionPool[Any]":
    return ConnectionPool(
        kwargs=_parameters(),
        connection_class=settings.DATABASES["default"]["OPTIONS"]["pool"]["connection_class"],
        configure=_configure,
        min_size=1,
        max_size=settings.FAST_PATH_CONNECTIONS,
        timeout=_TIMEOUT_S,
        reconnect_timeout=_PAUSE_S,
        name="fast-path",
        open=True,
    )


def _parameters() -> dict[str, Any]:
    """Return Django's parameters of a connection, with those of the fast path."""
    parameters: dict[str, Any] = dict(django_connection.get_connection_params())
    own_options = f"-c plan_cache_mode=force_generic_plan -c {_SESSION}={_TOKEN}"
    return parameters | {
        "autocommit": True,
        "context": None,
        "cursor_factory": psycopg.Cursor,
        "options": f"{parameters.get('options', '')} {own_options}".strip(),
    }


def _configure(connection: "psycopg.Connection[Any]") -> None:
    """Let a connection prepare statements at their first use, if it is one to Postgres itself."""
    row = connection.execute("SELECT current_setting(%s, true)", [_SESSION], prepare=False).fetchone()
    is_direct = row is not None and row[0] == _TOKEN
    connection.prepare_threshold = 0 if is_direct else None


direct_pool = DirectPool()
"""That of this process."""

os.register_at_fork(after_in_child=direct_pool._forget)  # noqa: SLF001 - of this module
