"""One image: its bytes as they were uploaded, what is known of it, and any format of it."""

from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access.authentication import ApiKeyAuthentication, SignedUrlAuthentication, account_of
from accounts.access.permissions import HasScopeToWrite
from images import services
from images.api.requests.bodies import read_object
from images.api.requests.format import as_format, deliver_negotiated, find_format
from images.api.requests.parsing import find_image, refuse_unknown, single, take_asked, take_flag
from images.api.schema import images
from images.api.serializers.descriptions import ChangeSerializer
from images.api.serializers.images import ImageSerializer
from images.delivery.responses import deliver_original
from progimage.errors import ParameterError
from progimage.operations import escape_pointer
from progimage.text_form import parse_query
from transforms.formats.table import FORMATS

_SIGNED_OR_KEY = (SignedUrlAuthentication, ApiKeyAuthentication)


class ImageView(APIView):
    authentication_classes = _SIGNED_OR_KEY
    permission_classes = (HasScopeToWrite,)

    @extend_schema(**images.ORIGINAL)
    def get(self, request: Request, image_id: UUID) -> HttpResponseBase:
        """Return the original's exact bytes; with a format in the query, a rendition in that format."""
        query = single(request)
        asked = take_asked(request, query)
        if not query:
            return deliver_original(request, find_image(request, image_id), asked)
        transform = parse_query(query.items())
        if transform.output.format is None:
            name = next(iter(query))
            expected = f"Expected a format for {name[:60]!r}, in the query or as extension"
            raise ParameterError(expected, pointer=f"/{escape_pointer(name)}")
        image = find_image(request, image_id)
        return deliver_negotiated(request, image, transform, asked, fallback=FORMATS[image.format])

    @extend_schema(**images.CHANGE)
    def patch(self, request: Request, image_id: UUID) -> Response:
        """Change what is said of the image: all that is given or nothing."""
        refuse_unknown(request.query_params, "no query")
        serializer = ChangeSerializer(data=read_object(request), partial=True)
        serializer.is_valid(raise_exception=True)
        image = services.change(image_id, account=account_of(request), changes=serializer.validated_data)
        return Response(ImageSerializer(image).data, headers={"Cache-Control": "private, no-cache"})

    @extend_schema(**images.DELETE)
    def delete(self, request: Request, image_id: UUID) -> Response:
        """Delete the image and all that was derived from it: it is not found from now on.

        Its bytes stay for a grace period, in which an operator may restore it; after a purge they do not."""
        query = single(request)
        purge = take_flag(query, "purge")
        refuse_unknown(query, "purge")
        services.delete(image_id, account=account_of(request), purge=purge)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MetadataView(APIView):
    @extend_schema(**images.METADATA)
    def get(self, request: Request, image_id: UUID) -> Response:
        """Return what is known of an image: to its own account alone, also where its pixels are public."""
        refuse_unknown(request.query_params, "no query")
        image = services.find_own_image(image_id, account=account_of(request))
        return Response(ImageSerializer(image).data, headers={"Cache-Control": "private, no-cache"})


class RenditionView(APIView):
    authentication_classes = _SIGNED_OR_KEY
    permission_classes = (HasScopeToWrite,)

    @extend_schema(**images.RENDITION)
    def get(self, request: Request, image_id: UUID, extension: str) -> HttpResponseBase:
        """Return the image in the format that the extension names, transformed as the query says."""
        format = find_format(extension)
        query = single(request)
        asked = take_asked(request, query)
        transform = as_format(parse_query(query.items()), format)
        image = find_image(request, image_id)
        return deliver_negotiated(request, image, transform, asked, fallback=format)
