"""The connections to Postgres in Django's pool."""

import select
import time
from typing import Any, Self

import psycopg
from django.conf import settings
from psycopg.errors import Diagnostic
from psycopg.pq import TransactionStatus

from images.database_failures import failures
from images.delivery.invalidation import changes

_MARGIN_S = 1.0
"""The time in which Postgres may report its own statement_timeout."""
_IN_PROGRESS = (TransactionStatus.ACTIVE, TransactionStatus.INTRANS, TransactionStatus.INERROR)
_FRESH_S = 5.0
"""A connection that was used so short a time ago is broken only if Postgres, or a pooler, has closed it."""
_CHECK = ""
"""The statement by which the pool checks a connection that a thread asks for."""
_CHANGED = "PIMG1"
"""The SQLSTATE of the messages by which triggers name a subject that a statement has changed."""


class Connection(psycopg.Connection[Any]):
    """A connection that waits for a response a little longer than Postgres's statement_timeout.

    Postgres enforces that timeout itself. If Postgres hangs, or if the network drops packets, this process
    would wait without end.

    Triggers tell it which subjects a statement has changed (images/delivery/invalidation.py). When their
    transaction ends, the memories of this process drop them, before the caller goes on. So what this process
    itself has changed, by services, the admin or SQL, is answered from memory no more."""

    _changed_subjects: tuple[str, ...] = ()
    """Those of the transaction in progress."""
    _used_at_s = float("-inf")

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> Self:
        """Connect, and keep the reason if that fails: the pool would only say that time was up."""
        try:
            connection = super().connect(conninfo, **options)
            connection.add_notice_handler(connection._note_change)  # noqa: SLF001 - of this class
            _check_encoding(connection)
            _set_date_style(connection)
        except psycopg.Error as error:
            failures.note(error)
            raise
        failures.forget()
        return connection

    def execute(self, query: Any, params: Any = None, **options: Any) -> "psycopg.Cursor[Any]":
        """Run a statement. The pool's check goes to Postgres only if the connection may be broken.

        A request borrows a connection several times, and each check would cost as much as a statement."""
        if query == _CHECK and self._is_surely_open():
            return self.cursor()
        return super().execute(query, params, **options)

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
        finally:
            self._used_at_s = time.monotonic()
            if self._changed_subjects and self.pgconn.transaction_status not in _IN_PROGRESS:
                self._forget_changes()

    def _is_surely_open(self) -> bool:
        """Whether it was used just now, and nothing has come since: neither an end nor a last message."""
        if self.closed or time.monotonic() - self._used_at_s > _FRESH_S:
            return False
        events = select.poll()  # unlike select(), it takes descriptors of any number
        events.register(self.pgconn.socket, select.POLLIN)
        return not events.poll(0)

    def _note_change(self, notice: Diagnostic) -> None:
        if notice.sqlstate == _CHANGED and notice.message_detail:
            self._changed_subjects += (notice.message_detail,)

    def _forget_changes(self) -> None:
        """Drop what the transaction has changed. After a failure nobody knows whether it was committed."""
        subjects = self._changed_subjects
        self._changed_subjects = ()
        changes.forget(subjects)


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
