"""GET /operations: the catalogue."""

import json
from functools import cache
from hashlib import sha256

from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from images.api.requests.parsing import refuse_unknown
from images.api.schema import transforms
from progimage.json_schema import DIALECT, definitions


class OperationsView(APIView):
    """Open to all, as the documentation is: it says the same to everybody."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(**transforms.OPERATIONS)
    def get(self, request: Request) -> HttpResponse | None:
        """Return the JSON Schema of a transform. Its $defs are the operations, with units and examples."""
        refuse_unknown(request.query_params, "no query")
        content, etag = _catalogue()
        headers = {"ETag": etag, "Cache-Control": "no-cache", "Content-Type": transforms.JSON_SCHEMA}
        response = HttpResponse(content, headers=headers)
        return get_conditional_response(request._request, etag=etag, response=response)  # noqa: SLF001


@cache
def _catalogue() -> tuple[bytes, str]:
    schema = {"$schema": DIALECT, "$ref": "#/$defs/Transform", "$defs": definitions("#/$defs/{}")}
    content = json.dumps(schema, indent=1, ensure_ascii=False).encode()
    return content, f'"{sha256(content).hexdigest()}"'
