"""GET /schema: the documentation of the API as OpenAPI 3.1, in JSON. GET /docs: a page to read and try it."""

import json

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.views import SpectacularSwaggerView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from images.delivery.documents import Document, Once

MEDIA_TYPE = "application/vnd.oai.openapi+json"


class SchemaView(APIView):
    """The documentation, for everybody. It does not describe itself."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    schema = None

    def get(self, request: Request) -> HttpResponse:
        return _DOCUMENT.get().respond(request.headers)


class DocsView(SpectacularSwaggerView):
    """The page. Its template can show no answer to OPTIONS."""

    url_name = "schema"
    http_method_names = ("get", "head")


def make_document() -> Document:
    """Generate the documentation.

    This takes half a second of the interpreter, and drf-spectacular keeps state in its classes meanwhile: two
    threads that generate at once break each other. Therefore only `_DOCUMENT` calls this."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    schema = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    title = f"{spectacular_settings.TITLE} ({spectacular_settings.VERSION}).json"
    return Document(
        content=json.dumps(schema, ensure_ascii=False, separators=(",", ":")).encode(),
        media_type=MEDIA_TYPE,
        headers={"Content-Disposition": f'inline; filename="{title}"'},
    )


_DOCUMENT = Once(make_document)
