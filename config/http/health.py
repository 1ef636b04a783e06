"""Health probes: /healthz answers while the process lives, /readyz says whether it can serve requests."""

import time
from collections.abc import Callable

from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from images.api.schema.examples import example_of_response
from images.storage import originals
from progimage.errors import ProgImageError

_STORAGE_EVERY_S = 10
_CHECK_NAMES = ("database", "migrations", "storage", "cache")
_RESPONSE = inline_serializer(
    "Health",
    {
        "status": serializers.ChoiceField(choices=("ok", "degraded", "unavailable")),
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
        """Report the state of each dependency. If only the cache fails, the server is degraded but serves."""
        checks = _run_checks()
        failing = {name for name, result in checks.items() if result != "ok"}
        if failing - {"cache"}:
            return Response({"status": "unavailable", "checks": checks}, status=503)
        status = "degraded" if failing else "ok"
        return Response({"status": status, "checks": checks})


def _check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


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
    cache.get("readyz")


class _Memory:
    """Results of this process's earlier checks, so that each probe does not repeat the slow ones."""

    is_migrated = False
    storage_was_there_at = float("-inf")


_CHECKS: dict[str, Callable[[], None]] = {
    "database": _check_database,
    "migrations": _check_migrations,
    "storage": _check_storage,
    "cache": _check_cache,
}
_NEEDS = {"migrations": "database"}


def _run_checks() -> dict[str, str]:
    """Return `ok` or the failure of each dependency. Skip a check if the one that it needs has failed."""
    checks: dict[str, str] = {}
    for name, check in _CHECKS.items():
        dependency = _NEEDS.get(name)
        if dependency and checks[dependency] != "ok":
            checks[name] = "not asked"
        else:
            checks[name] = _run(check)
    return checks


def _run(check: Callable[[], None]) -> str:
    try:
        check()
    except ProgImageError as error:
        return error.message
    except Exception as error:  # noqa: BLE001 - any exception means that the dependency is down
        return f"does not answer ({type(error).__name__})"
    return "ok"
