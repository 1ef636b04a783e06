"""The connections to Postgres in Django's pool."""

from typing import Any, Self

import psycopg
from django.conf import settings
from psycopg.pq import TransactionStatus

from images.database_failures import failures

_MARGIN_S = 1.0
"""The time in which Postgres may report its own statement_timeout."""


class Connection(psycopg.Connection[Any]):
    """A connection that waits for a response a little longer than Postgres's statement_timeout.

    Postgres enforces that timeout itself. If Postgres hangs, or if the network drops packets, this process
    would wait without end."""

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> Self:
        """Connect, and keep the reason if that fails: the pool would only say that time was up."""
        try:
            connection = super().connect(conninfo, **options)
            _check_encoding(connection)
            _set_date_style(connection)
        except psycopg.Error as error:
            failures.note(error)
            raise
        failures.forget()
        return connection

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        statement_timeout_ms = settings.DATABASE_STATEMENT_TIMEOUT_MS
        if timeout is None and statement_timeout_ms:
            timeout = statement_timeout_ms / 1_000 + _MARGIN_S
        try:
            return super().wait(gen, interval, timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                # Its next response would belong to this statement, so the connection cannot be used again.
                self.close()
            raise


def _check_encoding(connection: Connection) -> None:
    """Raise OperationalError if the database cannot keep every text."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in ("UTF8", None):
        connection.close()
        raise psycopg.OperationalError(f"database has the encoding {encoding}")


def _set_date_style(connection: Connection) -> None:
    """Make Postgres write dates as psycopg reads them, if the options of the connection did not.

    PgBouncer drops those options. It carries this parameter from one server connection to the next."""
    style = connection.info.parameter_status("DateStyle") or "ISO"
    if style.startswith("ISO"):
        return
    connection.execute("SET DateStyle TO ISO")
    if not connection.autocommit:
        connection.commit()
