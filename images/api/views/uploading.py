"""Storing the images of an upload request, each of them once however often the request is sent."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access.caller import Caller
from accounts.access.idempotency import Attempt, is_kept_status
from images import services
from images.api.requests.upload_request import BatchRequest, UploadRequest
from images.api.serializers.images import ImageSerializer
from images.models import Image
from images.receiving.uploads import too_large
from images.renditions.sources import OpenSource
from progimage.errors import ProgImageError


def created(image: Image) -> Response:
    """Return the response to a request that has stored an image."""
    body = ImageSerializer(image).data
    return Response(body, status=status.HTTP_201_CREATED, headers={"Location": body["urls"]["original"]})


def find_stored(attempt: Attempt, caller: Caller) -> Image | None:
    """Return the image that an earlier attempt has stored, whatever its address answers by now."""
    if attempt.is_first:
        return None
    return services.find_own_image(attempt.ids[0], account=caller.account)


def store_one(upload_request: UploadRequest, attempt: Attempt) -> Response:
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
        return created(_store(source, attempt.ids[0], caller, description))


def store_all(view: APIView, batch_request: BatchRequest, attempt: Attempt) -> Response:
    """Store the images one after the other. A wrong one has its error as its result and harms no other."""
    results: list[dict[str, Any]] = []
    for index, (item, image_id) in enumerate(zip(batch_request.items, attempt.ids, strict=True)):
        attempt.renew()
        result: dict[str, Any] = {"index": index, "filename": item.filename}
        try:
            with item.source.open(batch_request.caller) as source:
                image = _store(source, image_id, batch_request.caller, batch_request.describe(item))
        except (ProgImageError, ValidationError) as error:
            problem = json.loads(view.handle_exception(error).content)
            result |= {"status": problem["status"], "error": problem}
            if not is_kept_status(problem["status"]):
                attempt.is_final = False
        else:
            result |= {"status": status.HTTP_201_CREATED, "image": ImageSerializer(image).data}
        results.append(result)
    return Response({"results": results}, status=status.HTTP_207_MULTI_STATUS)


def _store(source: OpenSource, image_id: UUID, caller: Caller, description: services.Description) -> Image:
    upload = source.get_upload()
    if upload.size_bytes > settings.MAX_UPLOAD_BYTES:
        raise too_large()
    return services.store(upload, account=caller.account, description=description, image_id=image_id)
