"""The requests that store an image, or let somebody else store one.

Each public function is a method of both clients, with the same parameters and docstring. A client's method
returns the T of the Call[T] that stands here."""

from typing import Unpack

from progimage.wire.bodies import form_body, raw_body
from progimage.wire.files import Source, name_of
from progimage.wire.media_types import JSON
from progimage.wire.urls import Address

from .call import Call
from .json_calls import creation, receive_json
from .options import EagerUploadOptions, UploadUrlOptions, as_pairs, split_idempotency_key
from .results import Image, UploadUrl

_MAX_QUERY_CHARS = 4_000
"""Many proxies refuse a request line above 8 KB, as nginx does by default. This is half of it."""


def upload(source: Source, **options: Unpack[EagerUploadOptions]) -> Call[Image]:
    """Store an image from a path, bytes or an open file.

    If `filename` is not given, the image gets the file's name. The server makes the renditions of `eager`
    after the upload, ahead of their first visitor. Raise FileUnreadable if it cannot be read."""
    named_options = {"filename": name_of(source), **options}
    fields, key_header = split_idempotency_key(named_options)
    body = raw_body(source)
    address = Address("/images", as_pairs(fields))
    if len(str(address)) > _MAX_QUERY_CHARS:
        body = form_body(address.query, {"file": body.parts[0]})
        address = Address("/images")
    return Call(
        method="POST",
        address=address,
        media_type=JSON,
        receive=receive_json(Image.from_dict),
        headers=body.headers | key_header,
        body=body,
    )


def upload_url(url: str, **options: Unpack[EagerUploadOptions]) -> Call[Image]:
    """Store an image that the server fetches from a public address."""
    members = {"url": url, **options}
    return creation("/images", members, Image)


def create_upload_url(**options: Unpack[UploadUrlOptions]) -> Call[UploadUrl]:
    """Return a URL to which a client without an API key, such as a browser, may PUT one image."""
    return creation("/uploads", options, UploadUrl)
