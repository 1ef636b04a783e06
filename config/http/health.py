"""Health probes: /healthz answers while the process lives, /readyz says whether it can serve requests."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.core.cache import cache
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from redis.exceptions import AuthenticationError, OutOfMemoryError, ReadOnlyError, RedisError
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.checks import find_lost_limits
from images.api.schema.examples import example_of_response
from images.database import release_connection
from images.database_failures import detail_of, explain
from images.storage import originals
from progimage.errors import ProgImageError

log = logging.getLogger("progimage.health")

_STATUSES = ("ok", "degraded", "unavailable")
_STORAGE_EVERY_S = 10
_CHECK_NAMES = ("database", "migrations", "storage", "cache")
_RESPONSE = inline_serializer(
    "Health",
    {
        "status": serializers.ChoiceField(choices=_STATUSES),
        "checks": serializers.DictField(
            child=serializers.CharField(),
            help_text="`ok` for each dependency that works, otherwise the reason why it does not.",
        ),
    },
)


class HealthView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="get_health",
        summary="Report that the process lives",
        tags=["health"],
        auth=[],
        responses={200: _RESPONSE},
        examples=[example_of_response({"status": "ok", "checks": {}})],
    )
    def get(self, request: Request) -> Response:
        """Report that the process lives, without a check of dependencies: their outage must not end it."""
        return Response({"status": "ok", "checks": {}})


class ReadyView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="get_readiness",
        summary="Report the state of each dependency",
        tags=["health"],
        auth=[],
        responses={
            200: _RESPONSE,
            503: OpenApiResponse(_RESPONSE, description="The server cannot serve requests now."),
        },
        examples=[example_of_response({"status": "ok", "checks": dict.fromkeys(_CHECK_NAMES, "ok")})],
    )
    def get(self, request: Request) -> Response:
        """Report the state of each dependency. Without the cache, or with a database that is read-only, the
        server is degraded but serves."""
        results = _run_checks()
        checks = {name: result.message for name, result in results.items()}
        worst = max((result.status for result in results.values()), key=_STATUSES.index)
        return Response({"status": worst, "checks": checks}, status=503 if worst == "unavailable" else 200)


def _check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_read_only')")
        (is_read_only,) = cursor.fetchone()
    _warn_of_lost_limits()
    if is_read_only == "on":
        raise _Degraded("read-only: images are delivered, but nothing can be stored or changed")


def _check_migrations() -> None:
    if _Memory.is_migrated:
        return
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise ProgImageError("migrations are missing: run manage.py migrate")
    _Memory.is_migrated = True


def _check_storage() -> None:
    age_s = time.monotonic() - _Memory.storage_was_there_at
    if age_s > _STORAGE_EVERY_S:
        originals().check()
        _Memory.storage_was_there_at = time.monotonic()


def _check_cache() -> None:
    try:
        cache.set("readyz", "ok", timeout=60)
    except OutOfMemoryError as error:
        raise _Degraded("full: it takes no writes, and tasks wait") from error
    except ReadOnlyError as error:
        raise _Degraded("read-only: VALKEY_URL must lead to the primary server") from error
    except AuthenticationError as error:
        raise _Degraded("refuses the password: correct VALKEY_URL") from error
    except RedisError as error:
        raise _Degraded(f"does not answer ({type(error).__name__})") from error


def _warn_of_lost_limits() -> None:
    """Log once that time limits do not hold. Requests are served all the same."""
    if _Memory.has_checked_limits:
        return
    lost = find_lost_limits()
    if lost:
        log.warning(lost)
    _Memory.has_checked_limits = True


class _Degraded(Exception):
    """The dependency does a part of its work, and all servers depend on it.

    A load balancer that took them out of rotation would lose that part, too."""


class _Memory:
    """Results of this process's earlier checks, so that each probe does not repeat the slow ones."""

    is_migrated = False
    has_checked_limits = False
    storage_was_there_at = float("-inf")


_CHECKS: dict[str, Callable[[], None]] = {
    "database": _check_database,
    "migrations": _check_migrations,
    "storage": _check_storage,
    "cache": _check_cache,
}
_NEEDS = {"migrations": "database"}


@dataclass(frozen=True)
class _Result:
    """The state that one dependency brings the server into, and the reason."""

    status: str = "ok"
    message: str = "ok"


def _run_checks() -> dict[str, _Result]:
    """Return the result for each dependency. Skip a check if the one that it needs has failed."""
    results: dict[str, _Result] = {}
    for name, check in _CHECKS.items():
        dependency = _NEEDS.get(name)
        if dependency and results[dependency].status == "unavailable":
            results[name] = _Result("unavailable", "not asked")
        else:
            results[name] = _run(check)
        # The next check may wait for another server.
        release_connection()
    return results


def _run(check: Callable[[], None]) -> _Result:
    try:
        check()
    except _Degraded as error:
        return _Result("degraded", str(error))
    except ProgImageError as error:
        return _Result("unavailable", error.message)
    except Error as error:
        log.warning("database unavailable: %s", explain(error), extra={"reason": detail_of(error)})
        return _Result("unavailable", explain(error))
    except Exception as error:  # noqa: BLE001 - any exception means that the dependency is down
        return _Result("unavailable", f"does not answer ({type(error).__name__})")
    return _Result()
