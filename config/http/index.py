"""GET /: where everything is."""

from django.conf import settings
from drf_spectacular.utils import extend_schema, inline_serializer
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

    @extend_schema(operation_id="get_index", tags=["health"], auth=[], responses={200: _RESPONSE})
    def get(self, request: Request) -> Response:
        """Return the addresses of the API's parts. Those without a key of their own are open to all."""
        about = settings.SPECTACULAR_SETTINGS
        links = {name: f"{settings.PUBLIC_URL}{path}" for name, path in _PATHS.items()}
        return Response({"name": about["TITLE"], "version": about["VERSION"], "links": links})
