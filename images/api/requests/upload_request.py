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
from images.renditions.sources import ReceivedSource, RemoteSource, Source
from images.services.storing import Description
from progimage.errors import ParameterError

from .bodies import check_image_body, read_object, unread
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
    """An upload of one image. Its file stays while its context lasts."""

    item: UploadItem
    description: Description
    caller: Caller
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class BatchRequest:
    """An upload of several files, each of which has a result of its own. `fields` describe all of them."""

    items: Sequence[UploadItem]
    fields: QueryDict
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
        description = read_description(request.query_params)
        with receive_raw(http_request) as upload:
            yield UploadRequest(
                item=UploadItem(ReceivedSource(upload)),
                description=description,
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
    check_names(form.fields, _DESCRIBED)
    form.check_files()
    items = [UploadItem(ReceivedSource(file), file.filename) for file in form.files]
    digests = [text for file in form.files for text in (file.filename, file.sha256)]
    form_fingerprint = fingerprint(request, field_pairs(form.fields), *digests)
    if len(items) == 1:
        return UploadRequest(
            item=items[0],
            description=read_description(form.fields, filename=items[0].filename),
            caller=caller_of(request),
            fingerprint=form_fingerprint,
        )
    of_one_image = form.fields.keys() & {"filename", "replaces"}
    refuse_unknown(of_one_image, "neither filename nor replaces for several files")
    read_description(form.fields)  # a wrong field is refused before anything is stored
    return BatchRequest(
        items=items,
        fields=form.fields,
        caller=caller_of(request),
        fingerprint=form_fingerprint,
    )


def _of_json(request: Request, body: dict[str, Any]) -> UploadRequest:
    check_names(body, ("url", *_DESCRIBED))
    if "url" not in body:
        raise ParameterError("Expected an address for url but it is missing", pointer="/url")
    source = RemoteSource(read_url(body["url"]))
    fields = {name: value for name, value in body.items() if name != "url"}
    return UploadRequest(
        item=UploadItem(source),
        description=read_description(fields),
        caller=caller_of(request),
        fingerprint=fingerprint(request, json_pairs(body)),
    )
