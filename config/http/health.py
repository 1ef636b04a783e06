"""Whether this process lives (/healthz, which touches nothing) and whether it can serve (/readyz)."""

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

from images.storage import originals
from progimage.errors import ProgImageError

_STORAGE_EVERY_S = 10
_ANSWER = inline_serializer(
    "Health",
    {
        "status": serializers.ChoiceField(choices=("ok", "degraded", "unavailable")),
        "checks": serializers.DictField(child=serializers.CharField(), help_text="ok, or what is wrong."),
    },
)


class HealthView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="get_health", tags=["health"], auth=[], responses={200: _ANSWER})
    def get(self, request: Request) -> Response:
        """Answer that the process lives. Asks nothing of anybody: an outage elsewhere must not end it."""
        return Response({"status": "ok", "checks": {}})


class ReadyView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="get_readiness",
        tags=["health"],
        auth=[],
        responses={200: _ANSWER, 503: OpenApiResponse(_ANSWER, description="It cannot serve now.")},
    )
    def get(self, request: Request) -> Response:
        """Say which dependency is missing. Without the cache it is degraded, and serves."""
        checks: dict[str, str] = {}
        for name, check in _CHECKS.items():
            needed = _NEEDS.get(name)
            checks[name] = "not asked" if needed and checks[needed] != "ok" else _ask(check)
        missing = {name for name, result in checks.items() if result != "ok"}
        status = "unavailable" if missing - {"cache"} else "degraded" if missing else "ok"
        return Response({"status": status, "checks": checks}, status=503 if status == "unavailable" else 200)


def _check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _check_migrations() -> None:
    if _Memory.is_migrated:
        return
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise ProgImageError("migrations are to be applied: manage.py migrate")
    _Memory.is_migrated = True


def _check_storage() -> None:
    if time.monotonic() - _Memory.storage_was_there_at > _STORAGE_EVERY_S:
        originals().check()
        _Memory.storage_was_there_at = time.monotonic()


def _check_cache() -> None:
    cache.get("readyz")


class _Memory:
    """What was found right and need not be asked again at once."""

    is_migrated = False
    storage_was_there_at = float("-inf")


_CHECKS: dict[str, Callable[[], None]] = {
    "database": _check_database,
    "migrations": _check_migrations,
    "storage": _check_storage,
    "cache": _check_cache,
}
_NEEDS = {"migrations": "database"}


def _ask(check: Callable[[], None]) -> str:
    try:
        check()
    except ProgImageError as error:
        return error.message
    except Exception as error:  # noqa: BLE001 - whatever a dependency raises, it is not there
        return f"does not answer ({type(error).__name__})"
    return "ok"
