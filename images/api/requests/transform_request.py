"""POST /transforms: a transform on a source, in each of its spellings: a raw body, a form or JSON.

The transform stands in the query of a raw body, in the fields of a form and in the members of JSON. If the
path names the operation it always stands in the query."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.http import QueryDict
from rest_framework.request import Request

from accounts.access.caller import Caller, caller_of
from accounts.access.idempotency import field_pairs, fingerprint, json_pairs
from accounts.models import Scope
from images.api.serializers.descriptions import DescriptionSerializer
from images.receiving.forms import FORM, Form, receive_form
from images.receiving.uploads import Upload, receive_raw, too_large
from images.renditions.other_images import ReadReference
from images.renditions.preparing import Acceptance
from images.renditions.sources import ReceivedSource, RemoteSource, Source, StoredSource
from images.services.storing import Description
from progimage.errors import ParameterError
from progimage.operations import Operation, Output
from progimage.text_form import TRANSFORM, parse_operation, parse_query
from progimage.transform import Transform
from progimage.wording import show_value

from .bodies import check_image_body, read_object, unread
from .query import PointerOf, Query, check_names, read_flag, refuse_unknown
from .references import ReferenceReader
from .values import read_description, read_id, read_transform, read_url

STORE = "store"
NO_PARTS: Mapping[str, Upload] = MappingProxyType({})
DESCRIBED_IN_QUERY = tuple(
    name for name in map(str, DescriptionSerializer().fields) if name not in Output.parameters()
)
"""Names that describe a stored image in a query. `metadata` is not one: there it is the output's."""
_SOURCES = ("url", "id")
_IN_BODY = (TRANSFORM, STORE, *map(str, DescriptionSerializer().fields))


@dataclass(frozen=True)
class Instructions:
    """The transform of a request. `description` is None if the client wants the bytes of the result.

    `pointer_of` turns a pointer into the transform into one into the request."""

    transform: Transform
    description: Description | None
    pointer_of: PointerOf


@dataclass(frozen=True, kw_only=True)
class TransformRequest:
    """All of a POST of a transform. Its files stay while its context lasts."""

    source: Source
    instructions: Instructions
    caller: Caller
    acceptance: Acceptance
    make_fingerprint: Callable[[], str]
    """Return the fingerprint of the request, for an attempt to store the result."""
    parts: Mapping[str, Upload]

    @property
    def read_reference(self) -> ReadReference:
        """The reader of the other images that the transform names."""
        return ReferenceReader(self.caller, self.parts)


@contextmanager
def receive_transform(
    request: Request, operation: type[Operation] | None = None
) -> Iterator[TransformRequest]:
    """Receive a POST of a transform. `operation` is the one that its path names.

    Raise the errors of bodies and transforms, and of missing scopes if the result is to be stored."""
    http_request = unread(request)
    media_type = check_image_body(http_request)
    if media_type.startswith("image/"):
        instructions = _read_query(request, operation)
        with receive_raw(http_request) as upload:
            yield _make(
                request,
                ReceivedSource(upload),
                instructions,
                make_fingerprint=lambda: fingerprint(
                    request, field_pairs(request.query_params), upload.sha256
                ),
            )
        return
    query_instructions = _read_query(request, operation) if operation else None
    if query_instructions is None:
        refuse_unknown(request.query_params, "no query beside a form or JSON")
    if media_type == FORM:
        with receive_form(http_request, takes_parts=True) as form:
            yield _of_form(request, query_instructions, form)
    else:
        yield _of_json(request, query_instructions, read_object(http_request))


def _make(
    request: Request,
    source: Source,
    instructions: Instructions,
    *,
    make_fingerprint: Callable[[], str],
    parts: Mapping[str, Upload] = NO_PARTS,
) -> TransformRequest:
    return TransformRequest(
        source=source,
        instructions=instructions,
        caller=caller_of(request),
        acceptance=Acceptance(request.headers.get("Accept", "")),
        make_fingerprint=make_fingerprint,
        parts=parts,
    )


def _of_form(request: Request, query_instructions: Instructions | None, form: Form) -> TransformRequest:
    if query_instructions:
        refuse_unknown(form.fields, "no fields beside files: all else stands in the query")
    else:
        check_names(form.fields, _IN_BODY)
    form.check_files()
    if len(form.files) > 1:
        raise ParameterError(f"Expected one part named file but received {len(form.files)}", pointer="/file")
    parts = form.parts or {}
    upload = form.files[0]
    if any(file.size_bytes > settings.MAX_UPLOAD_BYTES for file in (upload, *parts.values())):
        raise too_large()
    instructions = query_instructions or _read_fields(request, form.fields)
    named_parts = {reference.removeprefix("part:") for reference in instructions.transform.image_references()}
    refuse_unknown(sorted(parts.keys() - named_parts), "parts that the transform names", named_parts)
    digests = [text for name in sorted(parts) for text in (name, parts[name].sha256)]
    pairs = [*field_pairs(request.query_params), *field_pairs(form.fields)]
    return _make(
        request,
        ReceivedSource(upload),
        instructions,
        make_fingerprint=partial(fingerprint, request, pairs, upload.sha256, *digests),
        parts=parts,
    )


def _of_json(
    request: Request, query_instructions: Instructions | None, body: dict[str, Any]
) -> TransformRequest:
    pairs = [*field_pairs(request.query_params), *json_pairs(body)]
    members = {name: value for name, value in body.items() if name not in _SOURCES}
    if query_instructions:
        refuse_unknown(members, "nothing beside the source: all else stands in the query", _SOURCES)
    check_names(members, (*_SOURCES, *_IN_BODY))
    source = _read_source(body)
    return _make(
        request,
        source,
        query_instructions or _read_members(request, members),
        make_fingerprint=partial(fingerprint, request, pairs),
    )


def _read_source(body: dict[str, Any]) -> Source:
    if len(body.keys() & set(_SOURCES)) != 1:
        raise ParameterError("Expected either a url or an id")
    if "url" in body:
        return RemoteSource(read_url(body["url"]))
    return StoredSource(read_id(body["id"]))


def _read_query(request: Request, operation: type[Operation] | None) -> Instructions:
    """Read the instructions of a query. A name that the operation has is the operation's."""
    query = Query.read(request)
    parameters = operation.parameters().values() if operation else ()
    operation_names = {name for parameter in parameters for name in (parameter.name, parameter.short)}
    is_stored = STORE not in operation_names and read_flag(query.parameters, STORE)
    described = [
        name for name in DESCRIBED_IN_QUERY if name in query.parameters and name not in operation_names
    ]
    fields = QueryDict(mutable=True)
    for name in described:
        fields[name] = query.parameters[name]
    description = _describe(request, fields, is_stored=is_stored) if is_stored or described else None
    beside_transform = {*described, STORE} - operation_names
    transform_query = query.without(*beside_transform)
    beside = [name for name in (STORE, *DESCRIBED_IN_QUERY) if name not in operation_names]
    parse = partial(parse_operation, operation) if operation else parse_query
    transform = parse(transform_query.items(), beside=beside)
    return Instructions(transform, description, query.pointer_of)


def _read_fields(request: Request, fields: QueryDict) -> Instructions:
    for name in (TRANSFORM, STORE):
        if len(fields.getlist(name)) > 1:
            raise ParameterError(f"Expected {name} once but received it again", pointer=f"/{name}")
    transform = read_transform(fields.get(TRANSFORM, ""))
    described = fields.copy()
    for name in (TRANSFORM, STORE):
        described.pop(name, None)
    is_stored = read_flag(fields, STORE)
    description = _describe(request, described, is_stored=is_stored)
    return Instructions(transform, description, _in_transform)


def _read_members(request: Request, members: dict[str, Any]) -> Instructions:
    described = {name: value for name, value in members.items() if name not in (TRANSFORM, STORE)}
    transform = read_transform(members.get(TRANSFORM, {}))
    is_stored = members.get(STORE, False)
    if not isinstance(is_stored, bool):
        raise ParameterError(
            f"Expected true or false for store but received {show_value(is_stored)}",
            pointer="/store",
        )
    return Instructions(transform, _describe(request, described, is_stored=is_stored), _in_transform)


def _in_transform(pointer: str) -> str:
    return f"/{TRANSFORM}{pointer}"


def _describe(request: Request, fields: QueryDict | dict[str, Any], *, is_stored: bool) -> Description | None:
    """Return the description of the image to be stored, for which the key needs the scope `write`."""
    if is_stored:
        caller_of(request).check_scope(Scope.WRITE)
        return read_description(fields)
    refuse_unknown(fields, "store=true beside the description of an image")
    return None
