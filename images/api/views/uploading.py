"""POST /images: the bytes themselves, files of a form, or a URL to fetch. What arrives is stored once."""

import json
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access.authentication import account_of
from accounts.access.idempotency import Claim, answer_once, fingerprint, is_kept
from images import services
from images.api.requests.bodies import check_image_body, fields_of, pairs_of, read_object
from images.api.requests.parsing import describe, read_url, refuse_unknown
from images.api.serializers.images import ImageSerializer
from images.ids import uuid7
from images.models import MAX_FILENAME, Image
from images.receiving import forms
from images.receiving.uploads import Upload, receive_raw, too_large
from images.remote.download import download
from progimage.errors import NotFound, ProgImageError


def upload(view: APIView) -> HttpResponse:
    """Raises what describing, receiving and storing raise."""
    media_type = check_image_body(view.request)
    if media_type.startswith("image/"):
        return _upload_raw(view)
    refuse_unknown(view.request.query_params, "no query beside a form or JSON")
    return _upload_form(view) if media_type == forms.FORM else _upload_url(view)


def _upload_raw(view: APIView) -> HttpResponse:
    query = view.request.query_params
    description = describe(query)
    with receive_raw(view.request._request) as upload:  # noqa: SLF001
        asked = fingerprint(view.request, pairs_of(query), upload.sha256)
        return answer_once(view, asked, ids=[uuid7()], make=partial(_store_one, view, upload, description))


def _upload_form(view: APIView) -> HttpResponse:
    with forms.receive_form(view.request._request) as form:  # noqa: SLF001
        parts = [text for upload in form.files for text in (upload.filename, upload.sha256)]
        asked = fingerprint(view.request, pairs_of(form.fields), *parts)
        ids = [uuid7() for _ in form.files]
        if len(form.files) == 1:
            description = describe(form.fields, filename=form.files[0].filename)
            make = partial(_store_one, view, form.files[0], description)
            return answer_once(view, asked, ids=ids, make=make)
        for_one = form.fields.keys() & {"filename", "replaces"}
        refuse_unknown(for_one, "neither filename nor replaces for several files")
        describe(form.fields)
        return answer_once(view, asked, ids=ids, make=partial(_store_all, view, form))


def _upload_url(view: APIView) -> HttpResponse:
    body = read_object(view.request)
    asked = fingerprint(view.request, fields_of(body))
    url = read_url(body.pop("url", None))
    make = partial(_store_fetched, view, url, describe(body))
    return answer_once(view, asked, ids=[uuid7()], make=make)


def _store_one(
    view: APIView, upload: Upload, description: services.Description, claim: Claim
) -> HttpResponse:
    return created(_store(view, upload, description, claim.ids[0]))


def _store_all(view: APIView, form: forms.Form, claim: Claim) -> HttpResponse:
    """One after the other. What is wrong with a file is told of that file, and harms no other."""
    results: list[dict[str, Any]] = []
    for index, (upload, image_id) in enumerate(zip(form.files, claim.ids, strict=True)):
        claim.renew()
        result: dict[str, Any] = {"index": index, "filename": upload.filename}
        try:
            image = _store(view, upload, describe(form.fields, filename=upload.filename), image_id)
            result |= {"status": status.HTTP_201_CREATED, "image": ImageSerializer(image).data}
        except (ProgImageError, ValidationError) as error:
            problem = json.loads(view.handle_exception(error).content)
            result |= {"status": problem["status"], "error": problem}
            claim.is_final &= is_kept(problem["status"])
        results.append(result)
    return Response({"results": results}, status=status.HTTP_207_MULTI_STATUS)


def _store_fetched(view: APIView, url: str, description: services.Description, claim: Claim) -> HttpResponse:
    account = account_of(view.request)
    with suppress(NotFound):  # what an earlier attempt has stored, whatever the address answers by now
        return created(services.find_own_image(claim.ids[0], account=account))
    with download(url, account=account) as upload:
        claim.renew()
        # The end of a long name says the format.
        filename = description.filename or upload.filename[-MAX_FILENAME:]
        named = replace(description, filename=filename)
        return _store_one(view, upload, named, claim)


def _store(view: APIView, upload: Upload, description: services.Description, image_id: UUID) -> Image:
    if upload.size_bytes > settings.MAX_UPLOAD_BYTES:
        raise too_large()
    account = account_of(view.request)
    return services.store(upload, account=account, description=description, image_id=image_id)


def created(image: Image) -> Response:
    body = ImageSerializer(image).data
    return Response(body, status=status.HTTP_201_CREATED, headers={"Location": body["urls"]["original"]})
