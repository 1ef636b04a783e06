"""One image: its bytes as they were uploaded, what is known of it, and any format of it."""

from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import ApiKeyAuthentication, SignedUrlAuthentication, account_of
from accounts.permissions import HasScopeOrNoKey
from progimage.operations import parse_query

from .. import schema, services
from ..delivery import deliver_original, deliver_rendition
from ..serializers import ImageSerializer
from .parsing import as_format, find_format, find_image, refuse_unknown, single, take_asked

_SIGNED_OR_KEY = (SignedUrlAuthentication, ApiKeyAuthentication)


class ImageView(APIView):
    authentication_classes = _SIGNED_OR_KEY
    permission_classes = (HasScopeOrNoKey,)

    @extend_schema(**schema.ORIGINAL)
    def get(self, request: Request, image_id: UUID) -> HttpResponseBase:
        """Return the original's exact bytes."""
        query = single(request)
        asked = take_asked(request, query)
        refuse_unknown(query, "download or v for an original")
        return deliver_original(request, find_image(request, image_id), asked)


class MetadataView(APIView):
    @extend_schema(**schema.METADATA)
    def get(self, request: Request, image_id: UUID) -> Response:
        """Return what is known of an image: to its own account alone, also where its pixels are public."""
        refuse_unknown(request.query_params, "no query")
        image = services.find_own_image(image_id, account=account_of(request))
        return Response(ImageSerializer(image).data, headers={"Cache-Control": "private, no-cache"})


class RenditionView(APIView):
    authentication_classes = _SIGNED_OR_KEY
    permission_classes = (HasScopeOrNoKey,)

    @extend_schema(**schema.RENDITION)
    def get(self, request: Request, image_id: UUID, extension: str) -> HttpResponseBase:
        """Return the image in the format that the extension names, transformed as the query says."""
        format = find_format(extension)
        query = single(request)
        asked = take_asked(request, query)
        transform = as_format(parse_query(query.items()), format)
        return deliver_rendition(request, find_image(request, image_id), transform, asked)
