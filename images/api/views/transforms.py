"""POST /transforms: a transform on an upload, a remote image or a stored one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import idempotency
from accounts.models import Scope
from images.api.requests.query import pointed
from images.api.requests.transform_request import TransformRequest, receive_transform
from images.api.schema import transforms as schema
from images.api.schema.endpoint import ApiView
from images.delivery.responses import chunks, send_rendered, send_rendition
from images.ids import uuid7
from images.models import Image
from images.receiving.uploads import Upload, spooled
from images.renditions.getting import open_rendition
from images.renditions.plans import describe_plan
from images.renditions.preparing import Prepared, prepare
from images.renditions.sources import OpenSource
from images.renditions.unread import Preparation, prepare_to_render
from images.services import storing
from images.services.storing import Description
from progimage.errors import ImageTooLarge, NotFound
from progimage.operations import Operation, operations, unknown_operation

from .collection import created, find_stored


class _TransformView(ApiView):
    """The scope `read` is enough, but for a result that is to be stored (transform_request.py)."""

    scopes: ClassVar = {"POST": Scope.READ}

    def respond(self, request: Request, operation: type[Operation] | None = None) -> HttpResponseBase:
        """Send the result of a transform, or store it. `operation` is the one that the path names."""
        with receive_transform(request, operation) as transform_request:
            if transform_request.instructions.description is None:
                return _send(transform_request)
            with idempotency.attempt(self, transform_request.make_fingerprint(), ids=[uuid7()]) as attempt:
                if not attempt.is_answered:
                    attempt.response = _store(transform_request, attempt)
            return attempt.response


class TransformsView(_TransformView):
    @schema.TRANSFORM_IMAGE
    def post(self, request: Request) -> HttpResponseBase:
        """Transform an image, and return the result or store it as an image of its own."""
        return self.respond(request)


class PlanView(ApiView):
    scopes: ClassVar = {"POST": Scope.READ}

    @schema.PLAN
    def post(self, request: Request) -> Response:
        """Return the plan of a transform without rendering it. Errors are those of the transform itself."""
        with (
            receive_transform(request) as transform_request,
            _prepared(transform_request, prepare) as prepared,
        ):
            return Response(describe_plan(prepared), headers={"Cache-Control": "no-store"})


class OperationView(_TransformView):
    @schema.TRANSFORM_BY_OPERATION
    def post(self, request: Request, operation: str) -> HttpResponseBase:
        """Apply the operation that the path names, and return the result or store it as an image of its own.

        The query has the operation's parameters by their names, and those of the output. A name that both
        have is the operation's. The body brings the image alone."""
        return self.respond(request, _operation_of(operation))


def _operation_of(name: str) -> type[Operation]:
    """Return the operation of a path. Raise NotFound if there is none of this name."""
    known = operations()
    if name not in known:
        raise NotFound(unknown_operation(name).message)
    return known[name]


@contextmanager
def _prepared(
    transform_request: TransformRequest,
    preparation: Preparation,
    *,
    when_open: Callable[[], None] = lambda: None,
) -> Iterator[Prepared]:
    """Open the source and decide everything. Errors of a render within have their place in the request."""
    with (
        _opened(transform_request, when_open) as source,
        pointed(transform_request.instructions.pointer_of),
        preparation(
            source,
            transform_request.instructions.transform,
            acceptance=transform_request.acceptance,
            read_reference=transform_request.read_reference,
            caller=transform_request.caller,
        ) as prepared,
    ):
        yield prepared


@contextmanager
def _opened(transform_request: TransformRequest, when_open: Callable[[], None]) -> Iterator[OpenSource]:
    with transform_request.source.open(transform_request.caller) as source:
        when_open()
        yield source


def _send(transform_request: TransformRequest) -> HttpResponseBase:
    with _prepared(transform_request, prepare_to_render) as prepared:
        if prepared.source.image is not None:
            return send_rendition(prepared)
        return send_rendered(prepared, prepared.render())


def _store(transform_request: TransformRequest, attempt: idempotency.Attempt) -> Response:
    """Store the result as an image of its own."""
    caller = transform_request.caller
    image = find_stored(attempt, caller)
    if image is not None:
        return created(image)
    # downloads may have taken long, and now the render may
    with (
        _prepared(transform_request, prepare_to_render, when_open=attempt.renew) as prepared,
        _result_of(prepared) as upload,
    ):
        attempt.renew()
        return created(_store_result(transform_request, prepared, upload, attempt.ids[0]))


def _store_result(
    transform_request: TransformRequest, prepared: Prepared, upload: Upload, image_id: UUID
) -> Image:
    parent = prepared.source.image
    description = replace(
        transform_request.instructions.description or Description(),
        parent=parent.pk if parent else None,
        transform=prepared.resolved.as_dict(),
    )
    account = transform_request.caller.account
    return storing.store(upload, account=account, description=description, image_id=image_id)


@contextmanager
def _result_of(prepared: Prepared) -> Iterator[Upload]:
    """Yield the result as a file to be stored: of a stored image it is the rendition, which is kept."""
    if prepared.source.image is None:
        rendered = prepared.render()
        size_bytes = rendered.facts.size_bytes
        content = rendered.file
    else:
        with open_rendition(prepared) as rendition:
            content = rendition.open()
            size_bytes = rendition.row.size_bytes or 0
    with content:
        if size_bytes > settings.MAX_UPLOAD_BYTES:
            raise ImageTooLarge(f"Expected a result of at most {settings.MAX_UPLOAD_BYTES} bytes to store")
        with spooled(chunks(content, size_bytes)) as upload:
            yield upload
