"""Middleware that holds text to UTF-8: the query always, a body unless it names another encoding of text."""

import codecs
import string
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase

from progimage.errors import ParameterError

from .problems import problem_response

_ESCAPES = rb"\x41\u0041 .xn--mnchen-3ya. +AGE- =41 ~{VPND~}"
"""Escapes of the codecs unicode_escape, idna, utf-7, quopri and hz: to a charset they are plain text."""
_ASCII = string.printable.replace("\\", "").encode() + _ESCAPES


class TextEncoding:
    """Answer 400 to a query that is not UTF-8, and to a charset that does not read ASCII as ASCII.

    Django would replace bytes that it cannot read, and read the query by the charset of the Content-Type.
    Python's codecs are more than charsets: base64, zip, and escapes of Python's source."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        query = request.META.get("QUERY_STRING", "").encode("latin-1")
        if not is_utf8(query):
            return problem_response(ParameterError("Expected a query in UTF-8: it has other bytes"))
        charset = request.content_params.get("charset") if request.content_params else None
        if charset and not _is_charset(charset):
            sentence = f"Expected a charset such as utf-8 in Content-Type but received {charset[:60]!r}"
            return problem_response(ParameterError(sentence, pointer="/Content-Type"))
        request.GET = QueryDict(query, encoding="utf-8")
        return self.get_response(request)


def is_utf8(query: bytes) -> bool:
    """Return whether a percent-encoded query is UTF-8."""
    if query.isascii() and b"%" not in query:
        return True
    try:
        unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_charset(name: str) -> bool:
    """Return whether ASCII is ASCII in a charset. A name that Python does not know is passed over, as
    Django does."""
    try:
        codecs.lookup(name)
    except LookupError:
        return True
    try:
        return _ASCII.decode(name) == _ASCII.decode()
    except (ValueError, LookupError):
        return False
