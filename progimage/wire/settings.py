"""The settings of both clients, and the URLs that a client makes without a request."""

import os
import time
from typing import Any, Unpack

import httpx

from progimage import __version__
from progimage.errors import ParameterError
from progimage.signing import MAX_LIFETIME_S, sign_url

from .rendition_query import RenditionQuery
from .retries import Retries
from .signatures import show_options
from .urls import ImageId, rendition_address

_CONNECT_TIMEOUT_S = 5


class BaseClient:
    """The half of a client that sends no request. A subclass sends them."""

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        timeout_s: float = 60,
        max_retries: int = 2,
        transport: httpx.BaseTransport | httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = _setting("url", url, "PROGIMAGE_URL").rstrip("/")
        _check_url(self._url)
        self._api_key = _setting("api_key", api_key, "PROGIMAGE_API_KEY")
        if not self._api_key.isascii():  # as a header's value has to be
            raise ParameterError("Expected ASCII characters for api_key")
        self._retries = Retries(max_retries)
        headers = {
            "Authorization": f"Bearer {self._api_key}",
            "User-Agent": f"progimage-client/{__version__}",
            # Images do not shrink, and Repr-Digest is the hash of the bytes before any compression.
            "Accept-Encoding": "identity",
        }
        self._open(
            {
                "base_url": self._url,
                "transport": transport,
                "timeout": httpx.Timeout(timeout_s, connect=_CONNECT_TIMEOUT_S),
                "headers": headers,
            }
        )

    def _open(self, options: dict[str, Any]) -> None:
        """Make the client of httpx that sends the requests, with its options."""
        raise NotImplementedError

    @show_options
    def url(self, image_id: ImageId, **query: Unpack[RenditionQuery]) -> str:
        """Return the URL of the original, or of a rendition if `format` is given.

        `transform` is a Transform, its text form or its operations. Instead of it `width`, `height`, `fit`
        and others resize the image. The rest are options of the output, `download` (an attachment's name) and
        `v` (caches keep the response for ever). Raise ParameterError if one is unknown or invalid."""
        address = rendition_address(image_id, query)
        return f"{self._url}{address}"

    @show_options
    def signed_url(
        self,
        image_id: ImageId,
        *,
        expires_in_s: int = 3_600,
        **query: Unpack[RenditionQuery],
    ) -> str:
        """Return a URL that shows a private image without an API key. It lives for at most 7 days.

        The other parameters are those of `url`."""
        if not 1 <= expires_in_s <= MAX_LIFETIME_S:
            raise ParameterError(
                f"Expected 1 to {MAX_LIFETIME_S} s for expires_in_s but received {expires_in_s}"
            )
        address = rendition_address(image_id, query)
        expires_at = int(time.time()) + expires_in_s
        return sign_url(f"{self._url}{address}", api_key=self._api_key, expires_at=expires_at)


def _check_url(url: str) -> None:
    try:
        host = httpx.URL(url).host
    except httpx.InvalidURL:
        host = ""
    if not host or not url.startswith(("http://", "https://")):
        raise ParameterError(f"Expected an http or https URL for url but received {url[:60]!r}")


def _setting(name: str, argument: str | None, variable: str) -> str:
    text = argument or os.environ.get(variable, "")
    value = text.strip()
    if not value:
        raise ParameterError(f"Expected {name}, or {variable} in the environment, but received neither")
    return value
