"""The renditions that are kept of an image."""

from uuid import UUID

from django.conf import settings
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.caller import caller_of
from images.api.requests.eager_transforms import AheadRequest
from images.api.requests.image_requests import RenditionsRequest
from images.api.requests.query import refuse_unknown
from images.api.requests.references import read_stored
from images.api.schema import images as schema
from images.api.schema.endpoint import ApiView
from images.api.serializers import renditions
from images.renditions.making_ahead import plan_ahead
from images.search.rendition_pages import find_nameable_images, find_rendition_page
from images.services import deleting, finding, hit_counts, waiting_renditions


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

    @schema.MAKE_RENDITIONS
    def post(self, request: Request, image_id: UUID) -> Response:
        """Let workers make renditions of an image, ahead of their first visitor. Those that exist stay.

        A repetition of the request makes nothing twice. A rendition that a visitor requests earlier is made
        for that visitor at once."""
        ahead_request = AheadRequest.read(request)
        caller = ahead_request.caller
        image = finding.get_own_image(image_id, account=caller.account)
        planned = plan_ahead(image, ahead_request.transforms, read_reference=read_stored, caller=caller)
        rows = waiting_renditions.ask_for(image.pk, planned, account=caller.account)
        nameable_images = find_nameable_images(rows, caller.account.pk)
        return Response(
            {"renditions": renditions.entries_of(rows, nameable_images)},
            status=status.HTTP_202_ACCEPTED,
            headers={"Location": f"{settings.PUBLIC_URL}/images/{image.pk}/renditions"},
        )

    @schema.PURGE_RENDITIONS
    def delete(self, request: Request, image_id: UUID) -> Response:
        """Remove the renditions and the overview of an image. The next request renders anew."""
        refuse_unknown(request.query_params, "no query")
        deleting.purge_renditions(image_id, account=caller_of(request).account)
        return Response(status=status.HTTP_204_NO_CONTENT)
