"""Why Postgres cannot be used, as one sentence for the operator.

The sentences name neither hosts nor users nor passwords, so /readyz may show them to everybody."""

import re
from threading import Lock

import psycopg
from django.db import Error
from psycopg import errors
from psycopg_pool import PoolTimeout, TooManyRequests

_BY_CLASS: dict[type[psycopg.Error], str] = {
    errors.InsufficientPrivilege: (
        "The role of DATABASE_URL has too few rights: make it the owner of the database, or run "
        "GRANT CREATE, USAGE ON SCHEMA public TO that role"
    ),
    errors.UndefinedTable: "The database lacks tables: run manage.py migrate",
    errors.ReadOnlySqlTransaction: "Postgres is read-only: DATABASE_URL must lead to the primary server",
    errors.QueryCanceled: "Postgres ended a statement that took longer than DATABASE_STATEMENT_TIMEOUT_MS",
    errors.LockNotAvailable: "Postgres ended a statement that waited too long for a lock",
    errors.DiskFull: "Postgres has no room on its disk",
    TooManyRequests: "Too many requests wait for a connection to Postgres: see DATABASE_POOL_MAX",
}
_BY_TEXT = (
    (
        r"password authentication failed|no password supplied|SASL authentication failed|auth.* failed",
        "Postgres refuses the user or the password: correct them in DATABASE_URL",
    ),
    (r'role ".*" does not exist', "Postgres knows no such user: correct DATABASE_URL, or create the role"),
    (
        r'database ".*" does not exist|no such database',
        "Postgres has no such database: correct its name in DATABASE_URL, or create it",
    ),
    (
        r"no pg_hba.conf entry.*no encryption|SSL required",
        "Postgres refuses connections without TLS: add ?sslmode=require to DATABASE_URL",
    ),
    (r"no pg_hba.conf entry", "Postgres refuses this machine, user or database: see its pg_hba.conf"),
    (
        r"does not support SSL",
        "Postgres has no TLS: remove sslmode from DATABASE_URL, or configure TLS there",
    ),
    (
        r"invalid [\w-]+ value|invalid (connection option|integer value)",
        "A parameter in DATABASE_URL has a wrong value: correct it",
    ),
    (
        r"certificate|SSL error|sslmode|root\.crt",
        "The certificate of Postgres is not trusted: see sslmode and sslrootcert in DATABASE_URL",
    ),
    (
        r"database has the encoding",
        "The database has another encoding than UTF8: create it anew with ENCODING 'UTF8' TEMPLATE template0",
    ),
    (
        r"unsupported startup parameter.*options",
        "PgBouncer refuses our options: add options to its ignore_startup_parameters",
    ),
    (r"permission denied for database", "The role of DATABASE_URL may not connect: grant it CONNECT"),
    (
        r"too many (clients|connections)|remaining connection slots|no more connections allowed",
        "Postgres has no connection left: raise its max_connections, or lower DATABASE_POOL_MAX",
    ),
    (r"not currently accepting connections", "Postgres accepts no connections to this database"),
    (r"starting up|shutting down|in recovery mode|not yet accepting", "Postgres is starting or stopping"),
    (
        r"resolve host|translate host name|Name or service not known|nodename nor servname",
        "The host of Postgres is not found: correct it in DATABASE_URL",
    ),
    (
        r"Connection refused",
        "Nothing listens at the address of Postgres: start Postgres, or correct DATABASE_URL",
    ),
    (r"No such file or directory", "The socket of Postgres is not there: start it, or correct DATABASE_URL"),
    (r"session is read-only|read-write", "No host of DATABASE_URL is the primary server"),
    (r"timeout expired|timed out|unreachable", "The host of Postgres does not respond: see DATABASE_URL"),
    (r"closed the connection|connection.*(lost|reset|closed)", "Postgres ended the connection"),
)
_UNKNOWN = "Postgres does not answer"


class _Failures:
    """The last failure of this process to connect."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last: psycopg.Error | None = None

    def note(self, error: psycopg.Error) -> None:
        with self._lock:
            self._last = error

    def forget(self) -> None:
        with self._lock:
            self._last = None

    @property
    def last(self) -> psycopg.Error | None:
        return self._last


failures = _Failures()


def explain(error: BaseException) -> str:
    """Return the sentence for an error of Django's, psycopg's or the pool's."""
    cause = _cause_of(error)
    for error_class, sentence in _BY_CLASS.items():
        if isinstance(cause, error_class):
            return sentence
    for pattern, sentence in _BY_TEXT:
        if re.search(pattern, str(cause), re.DOTALL):
            return sentence
    if isinstance(cause, PoolTimeout):
        return "No connection to Postgres was free in time: see DATABASE_POOL_MAX"
    return _UNKNOWN


def detail_of(error: BaseException) -> str:
    """Return the first line of the error's own message, for the log. It may name hosts and users."""
    text = str(_cause_of(error)).strip()
    return text.partition("\n")[0]


def is_expected(error: BaseException) -> bool:
    """Return whether the error is an outage or a wrong setting, and no fault of the code."""
    cause = _cause_of(error)
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return True
    return isinstance(cause, tuple(_BY_CLASS))


def _cause_of(error: BaseException) -> BaseException:
    """Return psycopg's error. If the pool gave up, return the reason for which it has no connection."""
    cause = error
    # Django's `migrate` raises an error of its own while it handles another one.
    if isinstance(cause, Error) and cause.__cause__ is None and isinstance(cause.__context__, Error):
        cause = cause.__context__
    if isinstance(cause, Error) and cause.__cause__ is not None:
        cause = cause.__cause__
    if isinstance(cause, PoolTimeout) and failures.last is not None:
        return failures.last
    return cause
