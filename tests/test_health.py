"""/healthz and /readyz: a process that is alive may not be ready; /readyz names the check that failed."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.core.cache import cache, caches
from django.db import connection
from django.test import Client
from redis.exceptions import AuthenticationError, OutOfMemoryError, ReadOnlyError

from config.http import health
from images.storage import ObjectStorage, S3ObjectStorage
from progimage.errors import Unavailable
from tests.support.problems import lines

__all__ = ["lines"]


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health._Memory, "is_migrated", False)
    monkeypatch.setattr(health._Memory, "has_checked_limits", False)
    monkeypatch.setattr(health._Memory, "storage_was_there_at", float("-inf"))


def ready(client: Client) -> tuple[int, str, dict[str, str]]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json()["status"], answer.json()["checks"]


def test_healthz_touches_nothing(client: Client) -> None:
    """pytest-django lets no test without the mark reach the database."""
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "checks": {}})


def test_readyz(client: Client, db: None, storage: ObjectStorage) -> None:
    everything = dict.fromkeys(("database", "migrations", "storage", "cache"), "ok")
    assert ready(client) == (200, "ok", everything)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_come_by_any_name(client: Client, db: None, path: str) -> None:
    assert client.get(path, headers={"Host": "10.0.0.7:8000"}).status_code == 200
    assert client.get("/docs", headers={"Host": "10.0.0.7:8000"}).status_code == 400


def test_database_is_needed(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(health._CHECKS, "database", lambda: 1 / 0)
    status, word, checks = ready(client)
    assert (status, word, checks["database"]) == (503, "unavailable", "does not answer (ZeroDivisionError)")
    assert checks["migrations"] == "not asked"


def test_storage_is_needed(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch, storage: ObjectStorage
) -> None:
    def fail(_: ObjectStorage) -> None:
        raise Unavailable("The storage does not answer")

    monkeypatch.setattr(type(storage), "check", fail)
    status, word, checks = ready(client)
    assert (status, word, checks["storage"]) == (503, "unavailable", "The storage does not answer")


def test_missing_bucket_is_named(client: Client, db: None, settings: Any) -> None:
    if not settings.S3_BUCKET:
        pytest.skip("no S3")
    options = settings.STORAGES["originals"]["OPTIONS"] | {"bucket_name": "no-such-bucket"}
    settings.STORAGES = settings.STORAGES | {
        "originals": {"BACKEND": f"images.storage.{S3ObjectStorage.__name__}", "OPTIONS": options}
    }
    assert ready(client)[2]["storage"] == "There is no bucket no-such-bucket"


def test_migrations_are_needed(client: Client, db: None) -> None:
    from django.db.migrations.recorder import MigrationRecorder

    MigrationRecorder.Migration.objects.filter(app="images").delete()
    status, _, checks = ready(client)
    assert (status, checks["migrations"]) == (503, "migrations are missing: run manage.py migrate")


def test_without_the_cache_it_is_degraded(client: Client, db: None, settings: Any) -> None:
    """F-12."""
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    assert caches["default"]
    status, word, checks = ready(client)
    assert (status, word) == (200, "degraded")
    assert checks["cache"].startswith("does not answer")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OutOfMemoryError("command not allowed"), "full: it takes no writes, and tasks wait"),
        (ReadOnlyError("replica"), "read-only: VALKEY_URL must lead to the primary server"),
        (AuthenticationError("no"), "refuses the password: correct VALKEY_URL"),
    ],
)
def test_cache_that_takes_no_writes_is_degraded(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(cache, "set", refuse)
    status, word, checks = ready(client)
    assert (status, word, checks["cache"]) == (200, "degraded", message)


def forget_connections() -> None:
    connection.close()
    pooled: Any = connection
    pooled.close_pool()


@pytest.mark.django_db(transaction=True)
def test_database_that_is_read_only_is_degraded(client: Client) -> None:
    """Images are delivered. A load balancer that took out every server would end that, too."""
    database = connection.ops.quote_name(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    # The setting holds for new connections. None may stay in the pool with the other value.
    forget_connections()
    try:
        status, word, checks = ready(client)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
            cursor.execute(f"ALTER DATABASE {database} RESET default_transaction_read_only")
        forget_connections()
    assert (status, word) == (200, "degraded")
    assert checks["database"].startswith("read-only: ")


@pytest.mark.django_db(transaction=True)
def test_no_connection_is_held_while_another_server_is_asked(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: dict[str, bool] = {}
    for name in ("storage", "cache"):
        watch = partial(_note_connection, held, name, health._CHECKS[name])
        monkeypatch.setitem(health._CHECKS, name, watch)
    assert ready(client)[0] == 200
    assert held == {"storage": False, "cache": False}


def _note_connection(held: dict[str, bool], name: str, check: Callable[[], None]) -> None:
    held[name] = connection.connection is not None
    check()


def test_lost_time_limits_are_logged_once(
    client: Client, db: None, settings: Any, lines: list[dict[str, Any]]
) -> None:
    settings.DATABASE_LIMITS_MS = settings.DATABASE_LIMITS_MS | {"lock_timeout": 1}
    for _ in range(2):
        assert ready(client)[0] == 200
    warnings = [line["message"] for line in lines if line["level"] == "warning"]
    assert warnings == [
        "Sessions of Postgres run without lock_timeout: set them for the role of DATABASE_URL."
    ]
