"""GET /operations: the catalogue."""

import json
from functools import cache
from hashlib import sha256

from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from images.api.requests.bodies import unread
from images.api.requests.query import refuse_unknown
from images.api.schema import transforms as schema
from images.api.schema.endpoint import ApiView
from progimage.json_schema import DIALECT, definitions


class OperationsView(ApiView):
    """The catalogue is open to everybody, as the documentation is."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @schema.OPERATIONS
    def get(self, request: Request) -> HttpResponse | None:
        """Return the JSON Schema of a transform. Its $defs are the operations, with units and examples."""
        refuse_unknown(request.query_params, "no query")
        content, etag = _catalogue()
        headers = {"ETag": etag, "Cache-Control": "no-cache", "Content-Type": schema.JSON_SCHEMA}
        response = HttpResponse(content, headers=headers)
        return get_conditional_response(unread(request), etag=etag, response=response)


@cache
def _catalogue() -> tuple[bytes, str]:
    document = {"$schema": DIALECT, "$ref": "#/$defs/Transform", "$defs": definitions("#/$defs/{}")}
    content = json.dumps(document, indent=1, ensure_ascii=False).encode()
    return content, f'"{sha256(content).hexdigest()}"'
