"""What has been derived from an image."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access.authentication import account_of
from images import services
from images.api.requests.parsing import refuse_unknown
from images.api.schema import images
from images.api.serializers import renditions
from images.search.rendition_pages import find_rendition_page
from images.services import hit_counts


class RenditionsView(APIView):
    @extend_schema(**images.RENDITIONS)
    def get(self, request: Request, image_id: UUID) -> Response:
        """Return what is kept of an image's renditions, oldest first, with how often each was delivered."""
        serializer = renditions.LedgerPageSerializer(data=request.query_params)
        serializer.is_valid(raise_exception=True)
        image = services.find_own_image(image_id, account=account_of(request))
        hit_counts.flush()
        page = find_rendition_page(image, **serializer.validated_data)
        return Response(renditions.ledger_of(page), headers={"Cache-Control": "private, no-cache"})

    @extend_schema(**images.PURGE_RENDITIONS)
    def delete(self, request: Request, image_id: UUID) -> Response:
        """Remove all renditions of an image, and not the image. What is asked for again is made again."""
        refuse_unknown(request.query_params, "no query")
        services.purge_renditions(image_id, account=account_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
