"""What a POST of a transform asks for, whichever way it is spelled: a raw body, a form or JSON.

What belongs to the transform stands in the query of a raw body, in the fields of a form and in the members of
JSON; where the path names the operation it always stands in the query."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import QueryDict
from rest_framework.request import Request

from accounts.access.idempotency import fingerprint
from accounts.access.permissions import check_scope
from accounts.models import Scope
from images import services
from images.api.serializers.descriptions import DescriptionSerializer
from images.receiving.forms import FORM, Form, receive_form
from images.receiving.uploads import Upload, receive_raw, too_large
from images.renditions.other_images import references
from progimage.errors import ParameterError
from progimage.operations import Operation, Output
from progimage.text_form import TRANSFORM, parse_operation, parse_query
from progimage.transform import Transform

from .bodies import check_image_body, fields_of, pairs_of, read_object
from .parsing import (
    describe,
    place_in_query,
    read_id,
    read_transform,
    read_url,
    refuse_unknown,
    single,
    take_flag,
)

STORE = "store"
SAID = tuple(name for name in map(str, DescriptionSerializer().fields) if name not in Output.parameters())
"""What a query may say of an image to be stored: `metadata` is the output's there."""


@dataclass(frozen=True)
class Wanted:
    """`description` is that of the image to be stored; None where the bytes are wanted. `at` tells from a
    pointer into the transform where that stands in the request."""

    transform: Transform
    description: services.Description | None
    at: Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Order:
    """`source` is what arrived, an address or an id; `asked` the request's fingerprint."""

    wanted: Wanted
    source: Upload | str | UUID
    asked: str
    parts: Mapping[str, Upload] = field(default_factory=dict)


@contextmanager
def receive(request: Request, operation: type[Operation] | None = None) -> Iterator[Order]:
    """Read a request; `operation` is the one that its path names. Files last as long as the context.

    Raises what reading bodies and transforms raises, and what scopes do where the result is to be stored."""
    media_type = check_image_body(request)
    if media_type.startswith("image/"):
        wanted = _read_query(request, operation)
        with receive_raw(request._request) as upload:  # noqa: SLF001
            asked = fingerprint(request, pairs_of(request.query_params), upload.sha256)
            yield Order(wanted=wanted, source=upload, asked=asked)
        return
    of_query = _read_query(request, operation) if operation else None
    if of_query is None:
        refuse_unknown(request.query_params, "no query beside a form or JSON")
    if media_type == FORM:
        with receive_form(request._request, takes_parts=True) as form:  # noqa: SLF001
            yield _read_form(request, form, of_query)
    else:
        yield _read_json(request, read_object(request), of_query)


def _read_query(request: Request, operation: type[Operation] | None) -> Wanted:
    """A name that the operation has is the operation's."""
    query = single(request)
    known = operation.parameters().values() if operation else ()
    own = {name for parameter in known for name in (parameter.name, parameter.short)}
    is_stored = STORE not in own and take_flag(query, STORE)
    said = QueryDict(mutable=True)
    said.update({name: query.pop(name) for name in SAID if name in query and name not in own})
    description = _describe(request, said, is_stored=is_stored)
    parse = partial(parse_operation, operation) if operation else parse_query
    return Wanted(parse(query.items()), description, place_in_query(query))


def _read_form(request: Request, form: Form, of_query: Wanted | None) -> Order:
    if len(form.files) != 1:
        raise ParameterError(f"Expected one part named file but received {len(form.files)}", pointer="/file")
    if of_query:
        refuse_unknown(form.fields, "no fields beside files: all else stands in the query")
    parts = form.parts or {}
    if any(upload.size_bytes > settings.MAX_UPLOAD_BYTES for upload in (*form.files, *parts.values())):
        raise too_large()
    wanted = of_query or _read_fields(request, form.fields)
    named = {reference.removeprefix("part:") for reference in references(wanted.transform)}
    refuse_unknown(sorted(parts.keys() - named), "parts that the transform names")
    digests = [text for name in sorted(parts) for text in (name, parts[name].sha256)]
    pairs = [*pairs_of(request.query_params), *pairs_of(form.fields)]
    asked = fingerprint(request, pairs, form.files[0].sha256, *digests)
    return Order(wanted=wanted, source=form.files[0], asked=asked, parts=parts)


def _read_fields(request: Request, fields: QueryDict) -> Wanted:
    said, own = fields.copy(), {}
    for name in fields.keys() & {TRANSFORM, STORE}:
        own[name], *others = said.pop(name)
        if others:
            raise ParameterError(f"Expected {name} once but received it again", pointer=f"/{name}")
    transform = read_transform(own.get(TRANSFORM, ""))
    description = _describe(request, said, is_stored=take_flag(own, STORE))
    return Wanted(transform, description, f"/{TRANSFORM}".__add__)


def _read_json(request: Request, body: dict[str, Any], of_query: Wanted | None) -> Order:
    asked = fingerprint(request, [*pairs_of(request.query_params), *fields_of(body)])
    if len(body.keys() & {"url", "id"}) != 1:
        raise ParameterError("Expected either a url or an id")
    source = read_url(body.pop("url")) if "url" in body else read_id(body.pop("id"))
    if of_query:
        refuse_unknown(body, "nothing beside the source: all else stands in the query")
    return Order(wanted=of_query or _read_members(request, body), source=source, asked=asked)


def _read_members(request: Request, said: dict[str, Any]) -> Wanted:
    transform, is_stored = read_transform(said.pop(TRANSFORM, {})), said.pop(STORE, False)
    if not isinstance(is_stored, bool):
        raise ParameterError(
            f"Expected true or false for store but received {is_stored!r:.60}", pointer="/store"
        )
    return Wanted(transform, _describe(request, said, is_stored=is_stored), f"/{TRANSFORM}".__add__)


def _describe(
    request: Request, said: QueryDict | dict[str, Any], *, is_stored: bool
) -> services.Description | None:
    if is_stored:
        check_scope(request, Scope.WRITE)
        return describe(said)
    refuse_unknown(said, f"store=true beside what describes an image, or one of {TRANSFORM}, {STORE}")
    return None
