"""Redirects to the right address: https instead of http, and a known route that was written with a slash too
much, or with an id in capitals.

Only the path and the query of the request are taken over. The host is that of PUBLIC_URL, so that no
request can make a response that leads elsewhere, also not from a cache."""

import re
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from images.delivery.header_names import ANY_ORIGIN

_METHODS = ("GET", "HEAD")
_SLASHES = re.compile(r"/{2,}")
_ID = re.compile(r"(?<=/)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=[/.]|$)", re.IGNORECASE)
# Of RFC 3986: characters that may stand in a path or a query unescaped. % is there already.
_SAFE_IN_PATH = "/!$&'()*+,;=:@-._~"
_SAFE_IN_QUERY = _SAFE_IN_PATH + "?%"


class KeepMethod:
    """Turn a 301, with which Django redirects to https, into a 308.

    After a 301 clients send a POST again as a GET. The response is a list, and their image is lost."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code == HTTPStatus.MOVED_PERMANENTLY:
            response.status_code = HTTPStatus.PERMANENT_REDIRECT
        return response


def find_redirect(request: HttpRequest) -> HttpResponse | None:
    """Return a redirect if the request's path is a misspelt one of an API's route that answers GET."""
    path = _right_path(request.path)
    if request.method not in _METHODS or path == request.path or not _is_route(path):
        return None
    location = f"{settings.PUBLIC_URL}{quote(path, safe=_SAFE_IN_PATH)}"
    query = request.META.get("QUERY_STRING", "").encode("latin-1")
    if query:
        location = f"{location}?{quote(query, safe=_SAFE_IN_QUERY)}"
    headers = {"Location": location, "Cache-Control": "no-store", **ANY_ORIGIN}
    return HttpResponse(status=HTTPStatus.PERMANENT_REDIRECT, headers=headers, content_type="text/plain")


def _right_path(path: str) -> str:
    path = _SLASHES.sub("/", path)
    path = path.removesuffix("/") or "/"
    return _ID.sub(lambda match: match[0].lower(), path)


def _is_route(path: str) -> bool:
    """Return whether a view of the API answers GET at `path`. The admin has routes of its own."""
    try:
        view = resolve(path).func
    except Resolver404:
        return False
    return hasattr(getattr(view, "view_class", None), "get")
