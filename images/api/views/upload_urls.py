"""URLs for one upload: made with a key, used by whoever holds one, from pages of any origin."""

import time
from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access.authentication import SignedUrlAuthentication, api_key_of
from accounts.access.idempotency import Claim, answer_once, fingerprint
from accounts.access.permissions import IsSigned
from accounts.models import ApiKey
from images import services
from images.api.requests.bodies import fields_of, read_object
from images.api.requests.parsing import refuse_unknown, single
from images.api.schema import uploads
from images.api.serializers.upload_urls import TermsSerializer, UploadedSerializer, UploadUrlSerializer
from images.ids import uuid7
from images.receiving.uploads import check_body, receive_raw

_ANY_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After, X-Request-ID",
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "PUT",
    "Access-Control-Allow-Headers": "content-type, content-digest, repr-digest",
    "Access-Control-Max-Age": "600",
}
_DESCRIBED = ("filename", "tags", "metadata", "visibility")


class UploadUrlsView(APIView):
    @extend_schema(**uploads.OPEN_UPLOAD)
    def post(self, request: Request) -> HttpResponse:
        """Make a URL to which one image can be put, once, without an API key."""
        refuse_unknown(request.query_params, "no query")
        body = read_object(request)
        serializer = TermsSerializer(data=body)
        serializer.is_valid(raise_exception=True)
        make = partial(_open, api_key_of(request), serializer.validated_data)
        return answer_once(self, fingerprint(request, fields_of(body)), ids=[uuid7()], make=make)


class UploadUrlView(APIView):
    authentication_classes = (SignedUrlAuthentication,)
    permission_classes = (IsSigned,)

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Errors have them too, so that a page can tell what went wrong."""
        return super().default_response_headers | _ANY_ORIGIN

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """Let browsers put from any origin: no cookie or key counts here, the signature does."""
        return Response(status=status.HTTP_204_NO_CONTENT, headers=_PREFLIGHT)

    @extend_schema(**uploads.PUT_UPLOAD)
    def put(self, request: Request, upload_id: UUID) -> Response:
        """Store the image that the body is."""
        refuse_unknown(single(request), "no query beside the signature")
        with services.uploading(upload_id, api_key=api_key_of(request)) as upload_url:
            max_bytes = min(upload_url.max_bytes, settings.MAX_UPLOAD_BYTES)
            check_body(request._request, max_bytes=max_bytes)  # noqa: SLF001
            with receive_raw(request._request) as upload:  # noqa: SLF001
                image = services.store(
                    upload,
                    account=upload_url.account,
                    description=services.Description(**upload_url.description),
                    image_id=upload_url.pk,
                    media_types=upload_url.media_types,
                )
        return Response(UploadedSerializer(image).data, status=status.HTTP_201_CREATED)


def _open(api_key: ApiKey, asked: Mapping[str, Any], claim: Claim) -> Response:
    expires_at = int(time.time()) + asked["expires_in_s"]
    upload_url = services.open_upload(
        claim.ids[0],
        api_key=api_key,
        terms=services.Terms(asked["max_bytes"], asked["media_types"], expires_at),
        description=services.Description(**{name: asked[name] for name in _DESCRIBED}),
    )
    return Response(UploadUrlSerializer(upload_url).data, status=status.HTTP_201_CREATED)
