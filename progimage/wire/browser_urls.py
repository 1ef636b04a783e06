"""URLs as browsers send them, so that a signature fits the request of a browser.

Before a browser sends a URL, it encodes and resolves parts of it (https://url.spec.whatwg.org/). Other HTTP
clients encode more: all that RFC 3986 does not allow in a URL. Everything that any of them would change is
changed here. None of them changes the result again."""

import re
from urllib.parse import SplitResult, quote, urlsplit

from progimage.errors import ParameterError

_PATH_CHARACTERS = "/:@!$&'()*+,;="
"""Delimiters of a path that no client encodes (RFC 3986, section 3.3)."""
_QUERY_CHARACTERS = "/?:@!$&()*+,;="
"""Delimiters of a query that no client encodes. Browsers encode the apostrophe in a query alone."""
_REMOVED = str.maketrans("", "", "\t\n\r")
_OUTER = "".join(map(chr, range(0x21)))
"""Control characters and the space, which browsers cut off at both ends."""
_SURROGATES = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile("%([0-9A-Fa-f]{2})?")
_HERE = (".", "%2E")
_ABOVE = ("..", ".%2E", "%2E.", "%2E%2E")


def as_browsers_send(url: str) -> SplitResult:
    """Return the parts of a URL, with the path and the query as a browser sends them.

    Escapes stay, in capitals. Raise ParameterError if the URL is malformed."""
    text = url.strip(_OUTER).translate(_REMOVED)
    before_query = re.match("[^?#]*", text)
    end = before_query.end() if before_query else 0
    slashed = text[:end].replace("\\", "/")
    try:
        parts = urlsplit(slashed + text[end:])
    except ValueError as error:
        raise ParameterError(f"Expected a URL but received {url[:60]!r}") from error
    path = _resolve(_encode(parts.path, _PATH_CHARACTERS))
    if parts.netloc and not path:
        path = "/"
    return parts._replace(path=path, query=_encode(parts.query, _QUERY_CHARACTERS), fragment="")


def replace_surrogates(text: str) -> str:
    """Return `text` with U+FFFD in place of each half of a surrogate pair, which no UTF-8 can hold."""
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)


def _encode(text: str, delimiters: str) -> str:
    escaped = _ESCAPE.sub(_whole_escape, replace_surrogates(text))
    return quote(escaped, safe=f"{delimiters}%")


def _whole_escape(match: re.Match[str]) -> str:
    """Return an escape in capitals, or the escape of a percent sign that begins none."""
    return match[0].upper() if match[1] else "%25"


def _resolve(path: str) -> str:
    """Return an absolute path without the segments . and .. in any spelling."""
    if not path.startswith("/"):
        return path
    segments = path.split("/")
    resolved: list[str] = []
    for segment in segments[1:]:
        if segment in _ABOVE:
            del resolved[-1:]
        elif segment not in _HERE:
            resolved.append(segment)
    if segments[-1] in (*_HERE, *_ABOVE):
        resolved.append("")
    return "/" + "/".join(resolved)
