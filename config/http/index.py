"""GET /: links to the parts of the API."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

_PATHS = {
    "images": "/images",
    "transforms": "/transforms",
    "operations": "/operations",
    "docs": "/docs",
    "schema": "/schema",
    "health": "/healthz",
    "readiness": "/readyz",
}


def _links(url: str) -> dict[str, str]:
    return {name: f"{url}{path}" for name, path in _PATHS.items()}


def _describe(url: str) -> dict[str, Any]:
    about = settings.SPECTACULAR_SETTINGS
    return {"name": about["TITLE"], "version": about["VERSION"], "links": _links(url)}


_EXAMPLE = _describe("https://images.example.com")
_RESPONSE = inline_serializer(
    "Index",
    {
        "name": serializers.CharField(),
        "version": serializers.CharField(),
        "links": inline_serializer("IndexLinks", {name: serializers.URLField() for name in _PATHS}),
    },
)


class IndexView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="get_index",
        summary="Find the API's parts",
        tags=["health"],
        auth=[],
        responses={200: _RESPONSE},
        examples=[OpenApiExample("index", value=_EXAMPLE, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        """Return the addresses of the API's parts."""
        return Response(_describe(settings.PUBLIC_URL))
