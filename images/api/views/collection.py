"""The collection of an account's images: list them, and add to them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import idempotency
from accounts.access.caller import Caller, caller_of
from accounts.access.idempotency import Attempt
from images.api.requests.image_requests import ListRequest
from images.api.requests.references import read_stored
from images.api.requests.upload_request import BatchRequest, UploadRequest, receive_upload
from images.api.schema import images as schema
from images.api.schema import uploads as upload_schema
from images.api.schema.endpoint import ApiView
from images.api.serializers.images import ImageSerializer
from images.delivery.header_names import MAX_HEADER_BYTES
from images.ids import uuid7
from images.models import Image
from images.receiving.uploads import too_large
from images.renditions.making_ahead import AheadTransform, check_references, plan_ahead
from images.renditions.sources import OpenSource
from images.search.bounded_pages import find_page
from images.search.cursors import spell_cursor
from images.search.selection import Selection
from images.services import finding, storing
from images.services.storing import Description
from progimage.errors import ProgImageError


class ImagesView(ApiView):
    """The collection of an account's images."""

    @schema.LIST
    def get(self, request: Request) -> Response:
        """List your images that pass all given filters, newest first.

        A page may be short or even empty if few images pass: the list ends when next is null."""
        list_request = ListRequest.read(request)
        selection = Selection(caller_of(request).account, list_request.filters)
        page = find_page(selection, start=list_request.start, limit=list_request.limit)
        next_cursor = spell_cursor(page.next.bytes) if page.next else None
        headers = {"Cache-Control": "private, no-cache"}
        if next_cursor:
            query = request.query_params.copy()
            query["cursor"] = next_cursor
            link = f'<{settings.PUBLIC_URL}/images?{query.urlencode()}>; rel="next"'
            if len(link) <= MAX_HEADER_BYTES:  # `next` in the body is always there
                headers["Link"] = link
        body = {"images": ImageSerializer(page.images, many=True).data, "next": next_cursor}
        return Response(body, headers=headers)

    @upload_schema.UPLOAD
    def post(self, request: Request) -> HttpResponse:
        """Store an image, or several images of a form. The bytes decide the format, not the names."""
        with receive_upload(request) as upload_request:
            if isinstance(upload_request, BatchRequest):
                return self.store_all(upload_request)
            with idempotency.attempt(self, upload_request.fingerprint, ids=[uuid7()]) as attempt:
                if not attempt.is_answered:
                    attempt.response = _store_one(upload_request, attempt)
            return attempt.response

    def store_all(self, batch_request: BatchRequest) -> HttpResponse:
        ids = [uuid7() for item in batch_request.items]
        with idempotency.attempt(self, batch_request.fingerprint, ids=ids) as attempt:
            if not attempt.is_answered:
                attempt.response = _store_all(self, batch_request, attempt)
        return attempt.response


def created(image: Image) -> Response:
    """Return the response to a request that has stored an image."""
    body = ImageSerializer(image).data
    return Response(body, status=status.HTTP_201_CREATED, headers={"Location": body["urls"]["original"]})


def find_stored(attempt: Attempt, caller: Caller) -> Image | None:
    """Return the image that an earlier attempt has stored. Its address may answer otherwise by now."""
    if attempt.is_first:
        return None
    return finding.find_own_image(attempt.ids[0], account=caller.account)


def _store_one(upload_request: UploadRequest, attempt: Attempt) -> Response:
    """Store the image of a request."""
    caller = upload_request.caller
    image = find_stored(attempt, caller)
    if image is not None:
        return created(image)
    item = upload_request.item
    with item.source.open(caller) as source:
        if item.source.is_remote:
            attempt.renew()  # the download may have taken long
        filename = upload_request.description.filename or source.filename
        description = replace(upload_request.description, filename=filename)
        eager = upload_request.eager
        image = _store(source, attempt.ids[0], caller=caller, description=description, eager=eager)
        return created(image)


def _store_all(view: APIView, batch_request: BatchRequest, attempt: Attempt) -> Response:
    """Store the images one after the other. A wrong one has its error as its result and harms no other."""
    caller = batch_request.caller
    eager = batch_request.eager
    check_references(eager, read_reference=read_stored, caller=caller)
    results: list[dict[str, Any]] = []
    for index, (item, image_id) in enumerate(zip(batch_request.items, attempt.ids, strict=True)):
        attempt.renew()
        result: dict[str, Any] = {"index": index, "filename": item.filename}
        try:
            with item.source.open(caller) as source:
                description = batch_request.describe(item)
                image = _store(source, image_id, caller=caller, description=description, eager=eager)
        except (ProgImageError, ValidationError) as error:
            problem = json.loads(view.handle_exception(error).content)
            result |= {"status": problem["status"], "error": problem}
            if isinstance(error, ProgImageError):
                attempt.note(error)
        else:
            result |= {"status": status.HTTP_201_CREATED, "image": ImageSerializer(image).data}
        results.append(result)
    return Response({"results": results}, status=status.HTTP_207_MULTI_STATUS)


def _store(
    source: OpenSource,
    image_id: UUID,
    *,
    caller: Caller,
    description: Description,
    eager: Sequence[AheadTransform],
) -> Image:
    upload = source.received
    if upload.size_bytes > settings.MAX_UPLOAD_BYTES:
        raise too_large()
    store = partial(
        storing.store,
        upload,
        account=caller.account,
        description=description,
        image_id=image_id,
    )
    if not eager:
        return store()
    plan = partial(plan_ahead, transforms=eager, read_reference=read_stored, caller=caller)
    return store(admit=plan)
