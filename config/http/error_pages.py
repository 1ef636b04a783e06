"""GET /docs/errors: the page to which the `type` of every error links, with an anchor for each code."""

import re
from base64 import b64encode
from hashlib import sha256
from html import escape

from django.conf import settings
from django.http import HttpResponse
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from images.delivery.documents import Document, Once
from progimage.error_reference import ENTRIES, ErrorEntry

PATH = "docs/errors"
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "h2{margin:2.5rem 0 .25rem;font:600 1.1rem ui-monospace,monospace}"
    "section:target{background:#fff6d5;box-shadow:0 0 0 1rem #fff6d5}"
    "code{font:.9em ui-monospace,monospace}p{margin:.5rem 0}.facts{color:#666}a{color:inherit}"
)
_STYLE_DIGEST = b64encode(sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


class ErrorsPageView(APIView):
    """The meaning of each error, for people. It is the same for everybody, and needs no database."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    schema = None

    def get(self, request: Request) -> HttpResponse:
        return _PAGE.get().respond(request.headers)


def link_to(code: str) -> str:
    """Return the `type` of an error: its place on the page, under the address in the settings."""
    return f"{settings.PUBLIC_URL}/{PATH}#{code}"


def make_page() -> Document:
    sections = "".join(_section(entry) for entry in ENTRIES)
    html = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Errors of ProgImage</title>'
        f"<style>{_STYLE}</style><h1>Errors</h1>"
        "<p>Every error of the API is a JSON object of RFC 9457. Its <code>code</code> is stable, and its "
        "<code>type</code> links here. Retry says whether the same request may succeed later without a "
        f"change.</p>{sections}</html>"
    )
    return Document(
        content=html.encode(),
        media_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"},
    )


def _section(entry: ErrorEntry) -> str:
    status = f"Status {entry.error.status}" if entry.error.status else "No response"
    retry = "yes" if entry.is_retryable else "no"
    extras = "; ".join(f"`{name}`, {meaning}" for name, meaning in entry.extras)
    more = f"<p>With {_marked_up(extras)}.</p>" if extras else ""
    return (
        f'<section id="{entry.code}"><h2><a href="#{entry.code}">{entry.code}</a></h2>'
        f'<p class="facts">{escape(entry.error.summary)}. {status}. Retry: {retry}.</p>'
        f"<p>{_marked_up(entry.meaning)}</p><p>{_marked_up(entry.advice)}</p>{more}</section>"
    )


def _marked_up(text: str) -> str:
    """Return HTML with the text between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


_PAGE = Once(make_page)
