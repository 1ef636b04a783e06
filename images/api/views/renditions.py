"""The renditions that are kept of an image."""

from uuid import UUID

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.caller import caller_of
from images.api.requests.image_requests import RenditionsRequest
from images.api.requests.query import refuse_unknown
from images.api.schema import images as schema
from images.api.schema.endpoint import ApiView
from images.api.serializers import renditions
from images.search.rendition_pages import find_rendition_page
from images.services import deleting, finding, hit_counts


class RenditionsView(ApiView):
    @schema.RENDITIONS
    def get(self, request: Request, image_id: UUID) -> Response:
        """Return the stored renditions of an image, oldest first, with the number of deliveries of each."""
        renditions_request = RenditionsRequest.read(request)
        image = finding.get_own_image(image_id, account=caller_of(request).account)
        hit_counts.flush()
        page = find_rendition_page(
            image,
            limit=renditions_request.limit,
            cursor=renditions_request.cursor,
        )
        return Response(renditions.ledger_of(page), headers={"Cache-Control": "private, no-cache"})

    @schema.PURGE_RENDITIONS
    def delete(self, request: Request, image_id: UUID) -> Response:
        """Remove the renditions and the overview of an image. The next request renders anew."""
        refuse_unknown(request.query_params, "no query")
        deleting.purge_renditions(image_id, account=caller_of(request).account)
        return Response(status=status.HTTP_204_NO_CONTENT)
