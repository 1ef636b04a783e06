"""The connections of Django's pool to Postgres."""

from typing import Any

import psycopg
from django.conf import settings
from psycopg.pq import TransactionStatus

_MARGIN_S = 1.0
"""What Postgres's own statement_timeout has to be told in."""


class Connection(psycopg.Connection[Any]):
    """Waits a little longer for an answer than statement_timeout lets Postgres work on it.

    That timeout is Postgres's own: one that hangs, or a network that swallows packets, would be waited for
    without end."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        limit_ms = settings.DATABASE_STATEMENT_TIMEOUT_MS
        if timeout is None and limit_ms:
            timeout = limit_ms / 1_000 + _MARGIN_S
        try:
            return super().wait(gen, interval, timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.close()  # what it would answer next is of this statement
            raise
