"""Why Postgres cannot be used is said in one sentence, without hosts, users and passwords."""

from collections.abc import Iterator
from contextlib import suppress
from uuid import uuid4

import psycopg
import pytest
from django.db import OperationalError, ProgrammingError, connection
from django.db.migrations.exceptions import MigrationSchemaMissing
from psycopg import errors, sql
from psycopg_pool import PoolTimeout

from images.database_failures import detail_of, explain, failures, is_expected
from tests.support.sessions import connect

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_failure_is_remembered() -> Iterator[None]:
    failures.forget()
    yield
    failures.forget()


@pytest.fixture
def administrator() -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with connect() as session:
        session.commit()
        session.autocommit = True
        yield session


@pytest.fixture
def name(administrator: psycopg.Connection[tuple[object, ...]]) -> Iterator[str]:
    """A name for a database and a role, which are removed after the test."""
    name = f"failing_{uuid4().hex[:12]}"
    yield name
    for kind in ("DATABASE", "ROLE"):
        statement = sql.SQL("DROP {} IF EXISTS {}").format(sql.SQL(kind), sql.Identifier(name))
        administrator.execute(statement)


def reason(**changes: str) -> str:
    with pytest.raises(psycopg.Error) as refused:
        connect(**changes)
    assert is_expected(refused.value)
    return explain(refused.value)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"password": "wrong"}, "refuses the user or the password"),
        ({"user": "nobody-knows"}, "refuses the user or the password"),
        ({"dbname": "no-such-database"}, "no such database"),
        ({"host": "127.0.0.1", "port": "1"}, "Nothing listens"),
        ({"host": "nowhere.invalid"}, "host of Postgres is not found"),
        ({"host": "/nowhere"}, "socket of Postgres is not there"),
        ({"host": "127.0.0.1,127.0.0.1", "port": "1,2"}, "Nothing listens"),
        ({"target_session_attrs": "standby"}, "Postgres"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_connections_that_fail(changes: dict[str, str], expected: str) -> None:
    assert expected in reason(**changes)


def test_encoding_other_than_utf8(administrator: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    administrator.execute(
        sql.SQL(
            "CREATE DATABASE {} ENCODING LATIN1 TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'"
        ).format(sql.Identifier(name))
    )
    assert "another encoding than UTF8" in reason(dbname=name)


def test_roles_with_too_few_rights(administrator: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    role = sql.Identifier(name)
    administrator.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'short'").format(role))
    with connect(user=name, password="short") as session:
        with pytest.raises(psycopg.Error) as refused:
            session.execute("CREATE TABLE of_a_guest (id int)")
        assert is_expected(refused.value)
        assert "too few rights" in explain(refused.value)
    database = sql.Identifier(connection.settings_dict["NAME"])
    administrator.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(database))
    try:
        assert "may not connect" in reason(user=name, password="short")
    finally:
        administrator.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO PUBLIC").format(database))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ('FATAL:  no pg_hba.conf entry for host "1.2.3.4", user "u", database "d", no encryption', "sslmode=require"),
        ('FATAL:  no pg_hba.conf entry for host "1.2.3.4", user "u", database "d", SSL encryption', "pg_hba.conf"),
        ("server does not support SSL, but SSL was required", "remove sslmode"),
        ("SSL error: certificate verify failed", "sslrootcert"),
        ('invalid sslmode value: "bogus"', "wrong value"),
        ('invalid integer value "soon" for connection option "connect_timeout"', "wrong value"),
        ('root certificate file "certificates/root.crt" does not exist', "sslrootcert"),
        ("FATAL:  sorry, too many clients already", "max_connections"),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", "max_connections"),
        ("FATAL:  the database system is starting up", "starting or stopping"),
        ("FATAL:  unsupported startup parameter: options", "ignore_startup_parameters"),
        ("connection timeout expired", "does not respond"),
        ("something that nobody foresaw", "Postgres does not answer"),
    ],
)  # fmt: skip
def test_messages(message: str, expected: str) -> None:
    assert expected in explain(psycopg.OperationalError(message))


def test_pool_that_gives_up_says_why_it_has_no_connection() -> None:
    given_up = OperationalError("couldn't get a connection after 2.00 sec")
    given_up.__cause__ = PoolTimeout("couldn't get a connection after 2.00 sec")
    assert explain(given_up) == "No connection to Postgres was free in time: see DATABASE_POOL_MAX"
    with suppress(psycopg.Error):
        connect(dbname="no-such-database")
    assert "no such database" in explain(given_up)
    assert "no-such-database" in detail_of(given_up)
    connect().close()
    assert "free in time" in explain(given_up)


def test_error_of_migrate_says_why_it_was_raised() -> None:
    """Django raises it without `from`."""
    refused = ProgrammingError("permission denied for schema public")
    refused.__cause__ = errors.InsufficientPrivilege("permission denied for schema public")
    raised = MigrationSchemaMissing("Unable to create the django_migrations table")
    raised.__context__ = refused
    assert is_expected(raised)
    assert "too few rights" in explain(raised)


def test_faults_of_the_code_are_not_expected() -> None:
    assert not is_expected(ProgrammingError("syntax error"))
