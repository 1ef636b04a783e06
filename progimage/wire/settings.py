"""The settings of both clients, and the URLs that a client makes without a request."""

import os
import time
from importlib import metadata
from typing import Any, TypedDict

import httpx

from progimage.errors import ParameterError
from progimage.signing import MAX_LIFETIME_S, sign_url

from .retries import Retries
from .urls import ImageId, QueryValue, rendition_address

_CONNECT_TIMEOUT_S = 5


class Settings(TypedDict, total=False):
    """The optional settings of a client.

    `timeout_s` (60) limits each wait for the next part of a response. `max_retries` (2) limits how often a
    request is repeated. `transport` is httpx's, for tests."""

    api_key: str | None
    timeout_s: float
    max_retries: int
    transport: httpx.BaseTransport | httpx.AsyncBaseTransport | None


class BaseClient:
    """The half of a client that sends no request. A subclass sends them."""

    def __init__(
        self,
        url: str | None,
        *,
        api_key: str | None = None,
        timeout_s: float = 60,
        max_retries: int = 2,
        transport: httpx.BaseTransport | httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = _setting("url", url, "PROGIMAGE_URL").rstrip("/")
        if not self._url.startswith(("http://", "https://")):
            shown_url = self._url[:60]
            raise ParameterError(f"Expected an http or https URL for url but received {shown_url!r}")
        self._api_key = _setting("api_key", api_key, "PROGIMAGE_API_KEY")
        self._retries = Retries(max_retries)
        headers = {
            "Authorization": f"Bearer {self._api_key}",
            "User-Agent": f"progimage-client/{_version()}",
            # Images do not shrink, and Repr-Digest is the hash of the bytes before any compression.
            "Accept-Encoding": "identity",
        }
        self._options: dict[str, Any] = {
            "base_url": self._url,
            "transport": transport,
            "timeout": httpx.Timeout(timeout_s, connect=_CONNECT_TIMEOUT_S),
            "headers": headers,
        }

    def url(self, image_id: ImageId, **query: QueryValue) -> str:
        """Return the URL of the original, or of a rendition if `format` is given.

        `query` holds `format`, `transform` (its text or a Transform) or the short parameters (w=300, h=200,
        fit="cover", q=70 ...), `download` and `v`. Raise ParameterError if one is unknown or invalid."""
        address = rendition_address(image_id, query)
        return f"{self._url}{address}"

    def signed_url(
        self,
        image_id: ImageId,
        *,
        expires_in_s: int = 3_600,
        **query: QueryValue,
    ) -> str:
        """Return a URL that shows a private image without an API key. It lives for at most 7 days."""
        if not 1 <= expires_in_s <= MAX_LIFETIME_S:
            raise ParameterError(
                f"Expected 1 to {MAX_LIFETIME_S} s for expires_in_s but received {expires_in_s}"
            )
        url = self.url(image_id, **query)
        expires_at = int(time.time()) + expires_in_s
        return sign_url(url, api_key=self._api_key, expires_at=expires_at)


def _setting(name: str, argument: str | None, variable: str) -> str:
    text = argument or os.environ.get(variable, "")
    value = text.strip()
    if not value:
        raise ParameterError(f"Expected {name}, or {variable} in the environment, but received neither")
    return value


def _version() -> str:
    try:
        return metadata.version("progimage-client")
    except metadata.PackageNotFoundError:
        return "unknown"  # a checkout that is not installed
