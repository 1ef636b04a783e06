"""One image: its original, its metadata, and any format of it."""

from uuid import UUID

from django.http import HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from rest_framework import status
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.authentication import ApiKeyAuthentication, SignedUrlAuthentication
from accounts.access.caller import caller_of
from accounts.access.permissions import HasScopeToWrite
from images.api.requests.image_requests import ChangeRequest, DeletionRequest
from images.api.requests.query import Query, pointed, refuse_unknown
from images.api.requests.references import ReferenceReader
from images.api.requests.rendition_request import RenditionRequest
from images.api.schema import images as schema
from images.api.schema.endpoint import ApiView
from images.api.serializers.representation import Representation
from images.delivery.answer_facts import ANSWER_FACTS, FAILED_RENDER, AnswerFacts
from images.delivery.conditions import check_if_match, is_not_modified
from images.delivery.header_names import ANY_ORIGIN
from images.delivery.responses import deliver_original, deliver_rendition
from images.renditions.preparing import prepare
from images.renditions.sources import source_of
from images.services import changing, deleting, finding

_SIGNED_OR_KEY = (SignedUrlAuthentication, ApiKeyAuthentication)
_PRIVATE = {"Cache-Control": "private, no-cache"}


class _PixelsView(ApiView):
    """Pixels that pages of any origin may read, if they are public or the URL is signed."""

    def handle_exception(self, exc: Exception) -> Response:
        """Let such a page read the reason of a refusal as well, and when to try again."""
        response = super().handle_exception(exc)
        if self.request.method in SAFE_METHODS:
            for name, value in ANY_ORIGIN.items():
                response[name] = value
        return response


class ImageView(_PixelsView):
    authentication_classes = _SIGNED_OR_KEY
    permission_classes = (HasScopeToWrite,)

    @schema.ORIGINAL
    def get(self, request: Request, image_id: UUID) -> HttpResponseBase:
        """Return the original's exact bytes; with a format in the query, a rendition in that format."""
        return _deliver(request, image_id)

    @schema.CHANGE
    def patch(self, request: Request, image_id: UUID) -> HttpResponse:
        """Change the description of the image: all given members, or none if one is wrong.

        With If-Match, only an image whose `.json` still has that ETag is changed."""
        change_request = ChangeRequest.read(request)
        image = changing.change(
            image_id,
            account=caller_of(request).account,
            changes=change_request.changes,
            check=change_request.precondition.check,
        )
        return _json_response(Representation.of(image))

    @schema.DELETE
    def delete(self, request: Request, image_id: UUID) -> Response:
        """Delete the image and everything that was derived from it. It is not found from now on.

        Its bytes stay for a grace period, in which an operator may restore it. A purge removes them now."""
        deletion_request = DeletionRequest.read(request)
        deleting.delete(
            image_id,
            account=caller_of(request).account,
            purge=deletion_request.purge,
            check=deletion_request.precondition.check,
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class RenditionView(_PixelsView):
    authentication_classes = _SIGNED_OR_KEY
    permission_classes = (HasScopeToWrite,)

    @schema.RENDITION
    def get(self, request: Request, image_id: UUID, extension: str) -> HttpResponseBase:
        """Return the image in the format that the extension names, transformed as the query says."""
        return _deliver(request, image_id, extension)


class MetadataView(ApiView):
    @schema.METADATA
    def get(self, request: Request, image_id: UUID) -> HttpResponse:
        """Return the metadata of an image, to its own account only, even if its pixels are public.

        The ETag changes with everything that can be seen here."""
        refuse_unknown(Query.read(request).parameters, "no query")
        image = finding.get_own_image(image_id, account=caller_of(request).account)
        representation = Representation.of(image)
        check_if_match(request.headers, representation.etag)
        if is_not_modified(request.headers, representation.etag):
            return HttpResponseNotModified(headers=_PRIVATE | {"ETag": representation.etag})
        return _json_response(representation)


def _json_response(representation: Representation) -> HttpResponse:
    headers = _PRIVATE | {"ETag": representation.etag, "Content-Type": "application/json"}
    return HttpResponse(representation.content, headers=headers)


def _deliver(request: Request, image_id: UUID, extension: str | None = None) -> HttpResponseBase:
    """Respond with the original or a rendition of an image whose pixels the caller may see."""
    rendition_request = RenditionRequest.read(request, extension)
    options = rendition_request.options
    caller = caller_of(request)
    image = finding.get_visible_image(image_id, caller=caller)
    facts: AnswerFacts | None = request.META.get(ANSWER_FACTS)
    if rendition_request.transform is None:
        response = deliver_original(image, options)
        if facts is not None:
            facts.fill_in(response, [image], caller=caller, options=options, path=request.path)
        return response
    with (
        pointed(rendition_request.pointer_of),
        prepare(
            source_of(image),
            rendition_request.transform,
            acceptance=rendition_request.acceptance,
            read_reference=ReferenceReader(caller),
            caller=caller,
        ) as prepared,
    ):
        if FAILED_RENDER in request.META:
            raise request.META.pop(FAILED_RENDER)
        response = deliver_rendition(prepared, options)
        if facts is not None:
            shown = [image, *(other.image for other in prepared.recipe.others.values())]
            facts.fill_in(response, shown, caller=caller, options=options, path=request.path)
        return response
