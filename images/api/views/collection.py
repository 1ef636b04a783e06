"""The collection of an account's images."""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access.authentication import account_of
from images.api.schema import images, uploads
from images.api.serializers.filters import ImagesPageSerializer
from images.api.serializers.images import ImageSerializer
from images.search.bounded_pages import find_page
from images.search.cursors import spell_cursor
from images.search.selection import LAST_ID, Selection

from . import uploading


class ImagesView(APIView):
    """The collection of an account's images."""

    @extend_schema(**images.LIST)
    def get(self, request: Request) -> Response:
        """List your images, newest first, that pass all filters which are given.

        A page may be short, even empty, where much was looked at in vain: the end is where next is null."""
        serializer = ImagesPageSerializer(data=request.query_params)
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        limit, cursor = values.pop("limit"), values.pop("cursor")
        start = UUID(bytes=cursor) if cursor else LAST_ID
        found = find_page(Selection(account_of(request), values), start=start, limit=limit)
        headers = {"Cache-Control": "private, no-cache"}
        following = spell_cursor(found.next.bytes) if found.next else None
        if following:
            query = request.query_params.copy()
            query["cursor"] = following
            headers["Link"] = f'<{settings.PUBLIC_URL}/images?{query.urlencode()}>; rel="next"'
        body = {"images": ImageSerializer(found.images, many=True).data, "next": following}
        return Response(body, headers=headers)

    @extend_schema(**uploads.UPLOAD)
    def post(self, request: Request) -> HttpResponse:
        """Store an image, or several of a form. Their format is what their bytes are, not what names say."""
        return uploading.upload(self)
