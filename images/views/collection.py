"""The collection of an account's images."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import account_of
from progimage.errors import UnsupportedFormat
from transforms.formats import ACCEPTED_MEDIA_TYPES

from .. import schema, services
from ..models import Image
from ..serializers import ImageSerializer
from ..uploads import check_body, receive_form, receive_raw
from .parsing import describe, refuse_unknown

_FORM = "multipart/form-data"


class ImagesView(APIView):
    """The collection of an account's images."""

    parser_classes = (MultiPartParser,)

    @extend_schema(**schema.UPLOAD)
    def post(self, request: Request) -> Response:
        """Store an image. Its format is what its bytes are, never what a name or a header says."""
        check_body(request)
        media_type = (request.content_type or "").partition(";")[0].strip().lower()
        if media_type == _FORM:
            image = self._store_form(request)
        elif media_type.startswith("image/"):
            image = self._store_raw(request)
        else:
            raise UnsupportedFormat(
                f"Expected {_FORM} or one of {', '.join(ACCEPTED_MEDIA_TYPES)} "
                f"but received {media_type[:60]!r}"
            )
        body = ImageSerializer(image).data
        return Response(body, status=status.HTTP_201_CREATED, headers={"Location": body["urls"]["original"]})

    def _store_form(self, request: Request) -> Image:
        refuse_unknown(request.query_params, "fields of the form and no query")
        with receive_form(request) as upload:
            description = describe(request.POST, filename=upload.filename)
            return services.store(upload, account=account_of(request), description=description)

    def _store_raw(self, request: Request) -> Image:
        description = describe(request.query_params)
        with receive_raw(request) as upload:
            return services.store(upload, account=account_of(request), description=description)
