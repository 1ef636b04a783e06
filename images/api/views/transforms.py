"""POST /transforms: a transform on what is sent, on a remote image or on a stored one."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import ClassVar

from django.conf import settings
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access.authentication import account_of
from accounts.access.idempotency import Claim, answer_once
from accounts.models import Scope
from images import services
from images.api.requests.finding import finding
from images.api.requests.parsing import pointed
from images.api.requests.transform_request import Order, receive
from images.api.schema import transforms
from images.delivery.responses import chunks, send_rendered, send_rendition
from images.ids import uuid7
from images.receiving.uploads import Upload, spooled
from images.renditions.getting import open_rendition
from images.renditions.preparing import Work, plan, prepare
from progimage.errors import ImageTooLarge, NotFound
from progimage.operations import Operation, operations

from .uploading import created


class _Transforms(APIView):
    """Reading is what it takes; what is to be stored asks for the scope write as well (orders.py).

    Undocumented: what a subclass says of `post` would be added to what is said here."""

    scopes: ClassVar = {"POST": Scope.READ}
    operation: ClassVar[type[Operation] | None] = None

    def post(self, request: Request) -> HttpResponseBase:
        """Do a transform to an image, and answer the result, or store it as an image of its own."""
        with receive(request, self.operation) as order:
            if order.wanted.description is None:
                return _send(request, order)
            return answer_once(self, order.asked, ids=[uuid7()], make=partial(_store, request, order))


@extend_schema_view(post=extend_schema(**transforms.TRANSFORM_IMAGE))
class TransformsView(_Transforms):
    pass


class PlanView(APIView):
    scopes: ClassVar = {"POST": Scope.READ}

    @extend_schema(**transforms.PLAN)
    def post(self, request: Request) -> Response:
        """Say what a transform would do, and refuse what it would refuse, without a pixel."""
        with receive(request) as order, _working(request, order) as work:
            return Response(plan(work), headers={"Cache-Control": "no-store"})


class NoOperationView(APIView):
    scopes: ClassVar = {"POST": Scope.READ}

    @extend_schema(exclude=True)
    def post(self, request: Request, name: str) -> Response:
        known = ", ".join(sorted(operations()))
        raise NotFound(f"Expected one of {known} as operation but received {name[:60]!r}")


def view_of(operation: type[Operation]) -> type[APIView]:
    """Return the view of POST /transforms/<operation>."""
    view = type(f"{operation.__name__}View", (_Transforms,), {"operation": operation})
    return extend_schema_view(post=extend_schema(**transforms.of_operation(operation)))(view)


@contextmanager
def _working(request: Request, order: Order) -> Iterator[Work]:
    with finding(request, order.parts) as finder:
        source = finder.find_source(order.source)
        with pointed(order.wanted.at):
            work = prepare(
                source,
                order.wanted.transform,
                accept=request.headers.get("Accept", ""),
                find=finder.find_other,
                owner=account_of(request).pk,
            )
            yield work  # what only the render finds wrong has its place in the request, too


def _send(request: Request, order: Order) -> HttpResponseBase:
    with _working(request, order) as work:
        if work.source.image is not None:
            return send_rendition(work.source.image, work.recipe, is_negotiated=work.is_negotiated)
        return send_rendered(work.render(), work.cache_key, is_negotiated=work.is_negotiated)


def _store(request: Request, order: Order, claim: Claim) -> Response:
    """What an earlier attempt has stored is the answer, whatever an address gives by now."""
    account, description = account_of(request), order.wanted.description or services.Description()
    with suppress(NotFound):
        return created(services.find_own_image(claim.ids[0], account=account))
    with _working(request, order) as work, _result_of(work) as upload:
        claim.renew()
        parent = work.source.image.pk if work.source.image else None
        described = replace(description, parent=parent, transform=work.resolved.as_dict())
        return created(services.store(upload, account=account, description=described, image_id=claim.ids[0]))


@contextmanager
def _result_of(work: Work) -> Iterator[Upload]:
    """A stored image's result is its rendition, as it is where the bytes are answered."""
    if work.source.image is None:
        rendered = work.render()
        size_bytes, content = rendered.facts.size_bytes, rendered.file
    else:
        rendition, content = open_rendition(work.source.image, work.recipe)
        size_bytes = rendition.size_bytes or 0
    with content:
        if size_bytes > settings.MAX_UPLOAD_BYTES:
            raise ImageTooLarge(f"Expected a result of at most {settings.MAX_UPLOAD_BYTES} bytes to store")
        with spooled(chunks(content, size_bytes)) as upload:
            yield upload
