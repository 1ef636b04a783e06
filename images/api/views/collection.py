"""The collection of an account's images: list them, and add to them."""

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import idempotency
from accounts.access.caller import caller_of
from images.api.requests.image_requests import ListRequest
from images.api.requests.upload_request import BatchRequest, receive_upload
from images.api.schema import images as schema
from images.api.schema import uploads as upload_schema
from images.api.schema.endpoint import ApiView
from images.api.serializers.images import ImageSerializer
from images.ids import uuid7
from images.search.bounded_pages import find_page
from images.search.cursors import spell_cursor
from images.search.selection import Selection

from .uploading import store_all, store_one


class ImagesView(ApiView):
    """The collection of an account's images."""

    @schema.LIST
    def get(self, request: Request) -> Response:
        """List your images, newest first, that pass all filters which are given.

        A page may be short, even empty, where much was looked at in vain: the end is where next is null."""
        list_request = ListRequest.read(request)
        selection = Selection(caller_of(request).account, list_request.filters)
        page = find_page(selection, start=list_request.start, limit=list_request.limit)
        next_cursor = spell_cursor(page.next.bytes) if page.next else None
        headers = {"Cache-Control": "private, no-cache"}
        if next_cursor:
            query = request.query_params.copy()
            query["cursor"] = next_cursor
            headers["Link"] = f'<{settings.PUBLIC_URL}/images?{query.urlencode()}>; rel="next"'
        body = {"images": ImageSerializer(page.images, many=True).data, "next": next_cursor}
        return Response(body, headers=headers)

    @upload_schema.UPLOAD
    def post(self, request: Request) -> HttpResponse:
        """Store an image, or several of a form. Their format is what their bytes are, not what names say."""
        with receive_upload(request) as upload_request:
            if isinstance(upload_request, BatchRequest):
                return self._store_all(upload_request)
            with idempotency.attempt(self, upload_request.fingerprint, ids=[uuid7()]) as attempt:
                if not attempt.is_answered:
                    attempt.response = store_one(upload_request, attempt)
            return attempt.response

    def _store_all(self, batch_request: BatchRequest) -> HttpResponse:
        ids = [uuid7() for item in batch_request.items]
        with idempotency.attempt(self, batch_request.fingerprint, ids=ids) as attempt:
            if not attempt.is_answered:
                attempt.response = store_all(self, batch_request, attempt)
        return attempt.response
