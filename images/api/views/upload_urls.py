"""URLs for one upload: made with a key, and used without one, from pages of any origin."""

from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import idempotency
from accounts.access.authentication import SignedUrlAuthentication
from accounts.access.caller import Caller, caller_of
from accounts.access.permissions import IsSigned
from images.api.requests.bodies import unread
from images.api.requests.query import Query, refuse_unknown
from images.api.requests.references import read_stored
from images.api.requests.upload_url_request import UploadUrlRequest
from images.api.schema import uploads as schema
from images.api.schema.endpoint import ApiView
from images.api.serializers.upload_urls import UploadedSerializer, UploadUrlSerializer
from images.delivery.header_names import ANY_ORIGIN
from images.ids import uuid7
from images.models import Image, Rendition, UploadUrl
from images.receiving.uploads import check_body, receive_raw
from images.renditions.making_ahead import check_references, plan_kept
from images.services import storing, upload_urls
from images.services.storing import Description
from progimage.errors import UnsupportedFormat

_PREFLIGHT = {
    "Access-Control-Allow-Methods": "PUT",
    "Access-Control-Allow-Headers": "content-type, content-digest, repr-digest",
    "Access-Control-Max-Age": "600",
}


def _admit(upload_url: UploadUrl, caller: Caller, image: Image) -> list[Rendition]:
    """Plan the renditions of a URL's image. Raise UnsupportedFormat if the URL does not accept its format."""
    accepted = upload_url.media_types
    if image.media_type not in accepted:
        raise UnsupportedFormat(f"Expected one of {', '.join(accepted)} but received {image.media_type}")
    return plan_kept(image, upload_url.eager, read_reference=read_stored, caller=caller)


class UploadUrlsView(ApiView):
    @schema.OPEN_UPLOAD
    def post(self, request: Request) -> HttpResponse:
        """Make a URL to which one image can be put, once, without an API key."""
        url_request = UploadUrlRequest.read(request)
        with idempotency.attempt(self, url_request.fingerprint, ids=[uuid7()]) as attempt:
            if not attempt.is_answered:
                check_references(url_request.eager, read_reference=read_stored, caller=url_request.caller)
                upload_url = upload_urls.open_upload(
                    attempt.ids[0],
                    api_key=url_request.caller.api_key,
                    terms=url_request.terms,
                    description=url_request.description,
                )
                body = UploadUrlSerializer(upload_url).data
                attempt.response = Response(body, status=status.HTTP_201_CREATED)
        return attempt.response


class UploadUrlView(ApiView):
    authentication_classes = (SignedUrlAuthentication,)
    permission_classes = (IsSigned,)

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Errors have these headers too, so that a page can read the reason."""
        return super().default_response_headers | ANY_ORIGIN

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """Let browsers put from any origin: no cookie or key counts here, the signature does."""
        return Response(status=status.HTTP_204_NO_CONTENT, headers=_PREFLIGHT)

    @schema.PUT_UPLOAD
    def put(self, request: Request, upload_id: UUID) -> Response:
        """Store the body as an image."""
        refuse_unknown(Query.read(request).parameters, "no query beside the signature")
        caller = caller_of(request)
        with upload_urls.uploading(upload_id, api_key=caller.api_key) as upload_url:
            http_request = unread(request)
            check_body(http_request, max_bytes=min(upload_url.max_bytes, settings.MAX_UPLOAD_BYTES))
            with receive_raw(http_request) as upload:
                image = storing.store(
                    upload,
                    account=upload_url.account,
                    description=Description(**upload_url.description),
                    image_id=upload_url.pk,
                    admit=partial(_admit, upload_url, caller),
                )
        return Response(UploadedSerializer(image).data, status=status.HTTP_201_CREATED)
