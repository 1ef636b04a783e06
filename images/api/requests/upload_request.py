"""POST /images: the bytes of an image, the files of a form, or an address to download from."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from rest_framework.request import Request

from accounts.access.caller import Caller, caller_of
from accounts.access.idempotency import field_pairs, fingerprint, json_pairs
from images.api.serializers.descriptions import DescriptionSerializer
from images.receiving.forms import FORM, Form, receive_form
from images.receiving.uploads import receive_raw
from images.renditions.making_ahead import AheadTransform
from images.renditions.sources import ReceivedSource, RemoteSource, Source
from images.services.storing import Description
from progimage.errors import ParameterError

from .bodies import check_image_body, read_object, unread
from .eager_transforms import EAGER, read_transforms
from .query import check_names, refuse_unknown
from .values import read_description, read_url

_DESCRIBED = tuple(map(str, DescriptionSerializer().fields))


@dataclass(frozen=True)
class UploadItem:
    """One image to be stored. `filename` is the form's name of the file, unchecked."""

    source: Source
    filename: str = ""


@dataclass(frozen=True, kw_only=True)
class UploadRequest:
    """An upload of one image. Its file stays while its context lasts.

    `eager` are the transforms of the renditions that are made ahead of their first visitor."""

    item: UploadItem
    description: Description
    eager: Sequence[AheadTransform]
    caller: Caller
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class BatchRequest:
    """An upload of several files, each of which has a result of its own. `fields` describe all of them."""

    items: Sequence[UploadItem]
    fields: QueryDict
    eager: Sequence[AheadTransform]
    caller: Caller
    fingerprint: str

    def describe(self, item: UploadItem) -> Description:
        """Return the description of one image."""
        return read_description(self.fields, filename=item.filename)


@contextmanager
def receive_upload(request: Request) -> Iterator[UploadRequest | BatchRequest]:
    """Receive an upload. Raise the errors of describing and receiving."""
    http_request = unread(request)
    media_type = check_image_body(http_request)
    if media_type.startswith("image/"):
        fields, eager = _take_eager(request.query_params)
        description = read_description(fields)
        with receive_raw(http_request) as upload:
            yield UploadRequest(
                item=UploadItem(ReceivedSource(upload)),
                description=description,
                eager=eager,
                caller=caller_of(request),
                fingerprint=fingerprint(request, field_pairs(request.query_params), upload.sha256),
            )
        return
    refuse_unknown(request.query_params, "no query beside a form or JSON")
    if media_type == FORM:
        with receive_form(http_request) as form:
            yield _of_form(request, form)
    else:
        yield _of_json(request, read_object(http_request))


def _of_form(request: Request, form: Form) -> UploadRequest | BatchRequest:
    check_names(form.fields, (*_DESCRIBED, EAGER))
    fields, eager = _take_eager(form.fields)
    form.check_files()
    items = [UploadItem(ReceivedSource(file), file.filename) for file in form.files]
    digests = [text for file in form.files for text in (file.filename, file.sha256)]
    form_fingerprint = fingerprint(request, field_pairs(form.fields), *digests)
    if len(items) == 1:
        return UploadRequest(
            item=items[0],
            description=read_description(fields, filename=items[0].filename),
            eager=eager,
            caller=caller_of(request),
            fingerprint=form_fingerprint,
        )
    of_one_image = fields.keys() & {"filename", "replaces"}
    refuse_unknown(of_one_image, "neither filename nor replaces for several files")
    read_description(fields)  # a wrong field is refused before anything is stored
    return BatchRequest(
        items=items,
        fields=fields,
        eager=eager,
        caller=caller_of(request),
        fingerprint=form_fingerprint,
    )


def _of_json(request: Request, body: dict[str, Any]) -> UploadRequest:
    check_names(body, ("url", *_DESCRIBED, EAGER))
    if "url" not in body:
        raise ParameterError("Expected an address for url but it is missing", pointer="/url")
    source = RemoteSource(read_url(body["url"]))
    fields = {name: value for name, value in body.items() if name not in ("url", EAGER)}
    return UploadRequest(
        item=UploadItem(source),
        description=read_description(fields),
        eager=read_transforms(body.get(EAGER, [])),
        caller=caller_of(request),
        fingerprint=fingerprint(request, json_pairs(body)),
    )


def _take_eager(fields: QueryDict) -> tuple[QueryDict, list[AheadTransform]]:
    """Return the fields without `eager`, and the transforms of the fields of that name."""
    if EAGER not in fields:
        return fields, []
    others = fields.copy()
    texts = others.pop(EAGER, [])
    return others, read_transforms(texts)
