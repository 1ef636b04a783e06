"""The connections to Postgres in Django's pool."""

from typing import Any

import psycopg
from django.conf import settings
from psycopg.pq import TransactionStatus

_MARGIN_S = 1.0
"""The time in which Postgres may report its own statement_timeout."""


class Connection(psycopg.Connection[Any]):
    """A connection that waits for a response a little longer than Postgres's statement_timeout.

    Postgres enforces that timeout itself. If Postgres hangs, or if the network drops packets, this process
    would wait without end."""

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
