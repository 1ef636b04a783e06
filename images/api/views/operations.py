"""GET /operations: the catalogue."""

import json

from django.http import HttpResponse
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from images.api.requests.query import Query, refuse_unknown
from images.api.schema import transforms as schema
from images.api.schema.endpoint import ApiView
from images.delivery.documents import Document, Once
from progimage.json_schema import DIALECT, definitions


class OperationsView(ApiView):
    """The catalogue is open to everybody, as the documentation is."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @schema.OPERATIONS
    def get(self, request: Request) -> HttpResponse:
        """Return the JSON Schema of a transform. Its $defs are the operations, with units and examples."""
        refuse_unknown(Query.read(request).parameters, "no query")
        return _CATALOGUE.get().respond(request.headers)


def _make_catalogue() -> Document:
    document = {"$schema": DIALECT, "$ref": "#/$defs/Transform", "$defs": definitions("#/$defs/{}")}
    content = json.dumps(document, indent=1, ensure_ascii=False).encode()
    return Document(content=content, media_type=schema.JSON_SCHEMA)


_CATALOGUE = Once(_make_catalogue)
